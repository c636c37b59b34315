"""The misconceptions by name: what each is, and how a person who shows one is answered, in three hints."""

from __future__ import annotations

from typing import NamedTuple


class Misconception(NamedTuple):
    """One misconception; the three texts are filled with names and numbers of the graph at hand (`str.format`)."""

    title: str
    name: str  # what the answer is, instead of what was asked for
    question: str  # what leads on, without giving the answer away
    show: str  # the student's own number beside the right one


MISCONCEPTIONS: dict[str, Misconception] = {
    "M1": Misconception(
        "One contribution kept",
        "That is one contribution out of {k}: {x} is used by {consumers}.",
        "What does each of the others send to {x}, and what happens where several contributions meet?",
        "Contributions to one value add up: {sum} = {right}. You kept {yours}.",
    ),
    "M2": Misconception(
        "Sent on too early",
        "That is what comes out if a node sends its adjoint on before all of its consumers have reported.",
        "Which node had heard from only some of its consumers when it sent?",
        "Each node waits for all of its consumers: then {x} gets {sum} = {right}, not {yours}.",
    ),
    "M3": Misconception(
        "An earlier pass still in the accumulators",
        "That contains an earlier backward pass: accumulators were not set back to 0.",
        "Which accumulators have to be 0 before a pass begins: those of the inputs only, or the inner ones too?",
        "One pass from accumulators of 0 gives {sum} = {right}, not {yours}.",
    ),
    "M4": Misconception(
        "Local derivative taken for the adjoint",
        "That is the local derivative ∂{u}/∂{x}: how {u} reacts to {x}.",
        "Asked is how {out} reacts. Which number arrives at {u} from above, and what is done with it here?",
        "Adjoint of {u} × local derivative: {sum} = {right}; {yours} is the local derivative alone.",
    ),
    "M4b": Misconception(
        "Not carried across the edge",
        "That is the adjoint of {u}: it has arrived at {u}, and not yet at {x}.",
        "What does the edge from {x} to {u} do to a number that goes back along it?",
        "Carried across the edge: {sum} = {right}; {yours} is what arrived at {u}.",
    ),
    "M5": Misconception(
        "Outer derivative at the wrong place",
        "The formula fits, its place does not: an outer derivative was taken at {x} itself.",
        "Which value flows into the outer function? Its derivative is taken there.",
        "With every derivative taken at the value that flows in: {sum} = {right}, not {yours}.",
    ),
    "M6": Misconception(
        "Inner derivative left out",
        "The outer part is right: that is the adjoint of {u}.",
        "How fast does {u} itself change with {x}?",
        "The inner derivative is one more factor: {sum} = {right}; without it there are {yours}.",
    ),
    "M7": Misconception(
        "A transpose left out",
        "That is what the matrix product gives without its transposes.",
        "An adjoint has the shape of its variable, {shape}. Which factor needs ᵀ, and would shapes show it "
        "if they were square?",
        "With the transposes in place {x} gets {right}, not {yours}.",
    ),
    "M8": Misconception(
        "A broadcast not summed",
        "That still has the shape of the consumer: {x} was broadcast to {wide}.",
        "Every copy of {x} sends a contribution. What happens to several contributions to one value?",
        "Summed over the copies {x} gets {right}, in its own shape {shape}; you gave {yours}.",
    ),
    "M9": Misconception(
        "The graph is cut",
        "There is no way back from {out} to {x}.",
        "At which line does a plain number leave the graph, and is that meant?",
        "Along the edges that are left {x} gets {right}, not {yours}.",
    ),
    "M10": Misconception(
        "Data taken for a constant",
        "{x} is {role} and not trained; but {out} depends on it.",
        "Does {out} stay the same if {x} changes a little?",
        "The adjoint of {x} is {right}, whether anybody updates {x} or not.",
    ),
    "M11": Misconception(
        "Another scale",
        "That is the right number times {ratio}.",
        "Which factor stands in front of the loss here: a sum, a mean, a half?",
        "With the scale of this graph it is {right}, not {yours}.",
    ),
    "M12": Misconception(
        "Nothing passes a closed gate",
        "That is what arrives at {u}; but the local derivative ∂{u}/∂{x} is {local} here.",
        "What can any number from above do through such an edge?",
        "Through this edge passes {sum} = {right}; {yours} stays above it.",
    ),
    "M13": Misconception(
        "A gradient check taken at its word",
        "That check passes with an absolute error alone.",
        "How large is the error beside the derivative itself, and is there a kink within the step?",
        "Beside the derivative the error is {ratio}.",
    ),
    "M14": Misconception(
        "Read off the wrong plot",
        "The gradients of the weights are not the adjoints of the layers.",
        "Which of the two shrinks from layer to layer, and which one did you look at?",
        "Per layer the adjoint shrinks by {ratio}.",
    ),
    "M15": Misconception(
        "One use of a shared parameter",
        "That is what one use of {x} sends; it is used {k} times.",
        "Each use is an edge of its own. What happens where their contributions meet?",
        "The uses add up: {sum} = {right}. You kept {yours}.",
    ),
    "M16": Misconception(
        "Paths multiplied",
        "That is the product of {k} paths from {x} to {out}.",
        "Along one path rates multiply. What do you do between paths?",
        "Products along the paths, summed over them: {sum} = {right}, not {yours}.",
    ),
    "composed": Misconception(
        "Derivatives put into one another",
        "That is the outer function's derivative taken at the inner function's derivative.",
        "Which value flows into the outer function: that of the inner one, or its derivative?",
        "The outer derivative is taken at the value of the inner function: {sum} = {right}, not {yours}.",
    ),
    "sum": Misconception(
        "Local derivatives added",
        "That is the sum of the local derivatives along the path.",
        "If one wheel turns three times as fast as the first, and the next twice as fast as that, how fast is it?",
        "Rates in sequence multiply: {sum} = {right}, not {yours}.",
    ),
    "value": Misconception(
        "Value in place of the derivative",
        "That is the value of {of}, from the way forwards.",
        "Asked is how much {out} changes if {x} changes a little. Where do such numbers stand in the picture?",
        "The value of {of} is {yours}; the derivative by {x} is {right}.",
    ),
    "adjoint": Misconception(
        "Adjoint in place of the value",
        "That is the adjoint of {x}, from the way back.",
        "Asked is the value. What does {x} compute from its inputs?",
        "The adjoint of {x} is {yours}; its value is {right}.",
    ),
    "skipped": Misconception(
        "A step left out",
        "That is what {x} would be without the step {u}.",
        "Which value flows into {x}: the one that {u} takes, or the one that {u} gives?",
        "With {u} before it, {x} is {right}; without it {yours}.",
    ),
    "contribution": Misconception(
        "Contribution in place of the local derivative",
        "That is the contribution: the local derivative times the adjoint of {u}.",
        "How does {u} alone react to {x}, whatever comes after it?",
        "∂{u}/∂{x} is {right}; times the adjoint of {u} it sends {yours}.",
    ),
    "other": Misconception(
        "Derivative by the other argument",
        "That is the derivative of {u} by its other argument.",
        "Which argument of {u} moves here, and which stays still?",
        "∂{u}/∂{x} is {right}; {yours} belongs to the other argument.",
    ),
    "at output": Misconception(
        "Derivative taken at the output",
        "That is the derivative of {u}'s function taken at the value of {u}, not at what flows in.",
        "At which value is the function when {x} moves a little?",
        "Taken at {x} it is {right}; {yours} is taken at {u}.",
    ),
    "sign": Misconception(
        "The sign",
        "The size is right, and the sign is the other one.",
        "If {x} grows a little, does {out} grow or shrink?",
        "It is {right}, not {yours}.",
    ),
}
"""By code: M1 to M16 of the project's list of misconceptions, and slips that have no number there.

M9, M13 and M14 are about graphs, checks and plots rather than about one number: exercises on these carry words of their
own.
"""
