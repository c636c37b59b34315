"""Printing: Python's parser reads the plain text as it was meant, without needless parentheses; any name is LaTeX."""

from __future__ import annotations

import ast
import re

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.core.primitive import REGISTRY
from graphviz_ad.core.traced import dtype_of
from graphviz_ad.errors import ArgumentError
from graphviz_ad.story.formula import contribution_formula
from graphviz_ad.story.notation import FORMS, NOTATIONS, printer
from graphviz_ad.story.paper import Unicode
from graphviz_ad.story.plain import identifier, namespace
from graphviz_ad.story.printing import LEVELS, Printer
from graphviz_ad.story.terms import Array, Number, Operation, Symbol, operation_term
from graphviz_ad.story.tex import latex_text
from tests.story.expressions import NAMES, balanced, needless, random_term, value

X, Y, Z = (Symbol(name) for name in "xyz")
HOSTILE = (
    "\\", "{", "}", "$x$", "100%", "a&b", "#1", "_", "a_", "^^M", "~", "<b>", "|", "`", "'", '"', "\\input{secret}",
    "\n\nboo", "é", "ß", "中文", "😀", "W₁", "∂out/∂x", "x^2", "}\\end{align*}", "a" * 300, "-", "a b", "\\\\", "[0]",
    "layers[0].W", "x'", "\u202eabc", "\0", "α", "Ω_max", "&&", "$$", "\\verb|x|", "ﬁ", "Å", "x̄", "1", "1e5", "x\u0304",
    "\u0304", "%", "a%b\nc", "lambda", "np", "scatter", "x_1_2", "Å_ö", "a→b", "·", "…", "==", "x  y",
)  # fmt: skip
NUMBERS = {name: np.float64(number) for name, number in NAMES.items()}


def evaluate(text: str, names) -> object:
    """What Python makes of a text."""
    code = compile(ast.parse(text, mode="eval"), "formula", "eval")
    with np.errstate(all="ignore"):
        return eval(code, namespace() | dict(names))


# -- precedence ---------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(400))
def test_python_reads_the_plain_text_as_it_was_meant(seed) -> None:
    term = random_term(np.random.default_rng(seed), 4)
    text = printer("plain").text(term)
    floats = re.sub(r"(?<![\w.])(\d+\.\d+)", r"np.float64(\1)", text)  # nan and inf instead of Python's exceptions
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(evaluate(floats, NUMBERS), value(term))
    assert needless(text) == []


@pytest.mark.parametrize("seed", range(400))
def test_unicode_means_the_same(seed) -> None:
    term = random_term(np.random.default_rng(seed), 4, ("negative", "exp", "sin", "square", "sqrt"))
    text = printer(digits=17).text(term)
    code = text
    for sign, python in (("−", "-"), ("·", "*"), ("×", "*"), (" mod ", " % "), ("^", "**")):
        code = code.replace(sign, python)
    code = re.sub(r"[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda found: "**" + found[0].translate(_DOWN), code)
    code = code.replace("√", "root**")
    code = re.sub(r"(?<![\w.])(\d+(?:\.\d+)?(?:e-?\d+)?)(?!\w)", r"np.float64(\1)", code)
    functions = {"exp": np.exp, "sin": np.sin, "root": _Root(), "max": np.maximum}
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(evaluate(code, NUMBERS | functions), value(term), rtol=1e-9, err_msg=text)


class _Root:
    """``root**x`` binds as √x does."""

    def __pow__(self, x):
        return np.sqrt(x)


_DOWN = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


def test_a_wrong_table_is_found(monkeypatch) -> None:
    """The two tests above can fail: with another level for one operation they do."""
    monkeypatch.setitem(LEVELS, "add", (20, 10, 11))
    texts = [printer("plain").text(random_term(np.random.default_rng(seed), 4)) for seed in range(50)]
    monkeypatch.undo()
    assert texts != [printer("plain").text(random_term(np.random.default_rng(seed), 4)) for seed in range(50)]
    assert needless("(x * y) + z") == ["x * y + z"]
    assert needless("(x + y) * z - np.exp(x)") == []


@pytest.mark.parametrize(
    ("term", "unicode", "latex", "plain"),
    [
        (("add", X, ("multiply", Y, Z)), "x + y·z", r"x + y \cdot z", "x + y * z"),
        (("multiply", ("add", X, Y), Z), "(x + y) · z", r"\left(x + y\right) \cdot z", "(x + y) * z"),
        (("subtract", X, ("subtract", Y, Z)), "x − (y − z)", r"x - \left(y - z\right)", "x - (y - z)"),
        (("subtract", ("subtract", X, Y), Z), "x − y − z", "x - y - z", "x - y - z"),
        (("divide", X, ("multiply", Y, Z)), "x/(y·z)", r"\frac{x}{y \cdot z}", "x / (y * z)"),
        (("divide", ("add", X, Y), Z), "(x + y)/z", r"\frac{x + y}{z}", "(x + y) / z"),
        (("negative", ("power", X, Number(2))), "−x²", "-x^{2}", "-x ** 2"),
        (("power", ("negative", X), Number(2)), "(−x)²", r"\left(-x\right)^{2}", "(-x) ** 2"),
        (("power", Number(-3.0), Number(2)), "(−3)²", r"\left(-3\right)^{2}", "(-3.0) ** 2"),
        (("power", ("power", X, Y), Z), "(x^y)^z", r"\left(x^{y}\right)^{z}", "(x ** y) ** z"),
        (("power", X, ("power", Y, Z)), "x^(y^z)", "x^{y^{z}}", "x ** y ** z"),
        (("power", X, ("negative", Y)), "x^(−y)", "x^{-y}", "x ** -y"),
        (("power", X, Number(-2)), "x⁻²", "x^{-2}", "x ** -2"),
        (("power", ("transpose", X), Number(2)), "(xᵀ)²", r"\left(x^{\top}\right)^{2}", "np.transpose(x) ** 2"),
        (("multiply", X, Number(-2.0)), "x × (−2)", r"x \times \left(-2\right)", "x * -2.0"),
        (("add", X, Number(-2.0)), "x + (−2)", r"x + \left(-2\right)", "x + -2.0"),
        (("multiply", Number(2.0), Number(3.5)), "2 × 3.5", r"2 \times 3.5", "2.0 * 3.5"),
        (("multiply", Number(2.0), X), "2·x", "2 x", "2.0 * x"),
        (("multiply", Number(1.5e-9), X), "1.5e-9·x", r"1.5 \cdot 10^{-9} \cdot x", "1.5e-09 * x"),
        (("less", X, Number(-1.0)), "x < −1", "x < -1", "x < -1.0"),
        (("absolute", ("add", X, Y)), "|x + y|", r"\left\lvert x + y \right\rvert", "np.absolute(x + y)"),
        (("sqrt", ("add", X, Y)), "√(x + y)", r"\sqrt{x + y}", "np.sqrt(x + y)"),
        (("exp", ("negative", X)), "exp(−x)", "e^{-x}", "np.exp(-x)"),
        (
            ("where", ("less", X, Y), Number(0.0), ("where", ("equal", X, Y), Number(0.5), Number(1.0))),
            "0 if x < y else 0.5 if x = y else 1",
            r"\begin{cases} 0 & \text{if } x < y \\ 0.5 & \text{if } x = y \\ 1 & \text{otherwise} \end{cases}",
            "np.where(x < y, 0.0, np.where(x == y, 0.5, 1.0))",
        ),
        (("multiply", ("where", X, Y, Z), Z), "(y if x else z) · z", None, "np.where(x, y, z) * z"),
        (("log", Number(float("inf"))), "log(∞)", r"\log\left(\infty\right)", "np.log(np.inf)"),
        (("add", X, Number(float("nan"))), "x + NaN", r"x + \text{NaN}", "x + np.nan"),
    ],
)
def test_by_hand(term, unicode, latex, plain) -> None:
    def made(item):
        return Operation(item[0], tuple(map(made, item[1:]))) if isinstance(item, tuple) else item

    for form, expected in zip(FORMS, (unicode, latex, plain), strict=True):
        if expected is not None:
            assert printer(form).text(made(term)) == expected


def test_arrays_are_multiplied_by_another_sign() -> None:
    A, B, v, w = Symbol("A", (2, 3)), Symbol("B", (2, 3)), Symbol("v", (3,)), Symbol("w", (3,))
    text = printer().text
    assert text(Operation("multiply", (A, B), {}, (2, 3))) == "A ⊙ B"
    assert text(Operation("multiply", (X, B), {}, (2, 3))) == "x·B"
    assert text(Operation("matmul", (Operation("transpose", (A,), {}, (3, 2)), B), {}, (3, 3))) == "Aᵀ B"
    assert text(Operation("matmul", (Operation("add", (A, B), {}, (2, 3)), v), {}, (2,))) == "(A + B) v"
    assert text(Operation("matmul", (v, w), {}, ())) == "vᵀ w"
    assert text(Operation("outer", (v, w), {}, (3, 3))) == "v wᵀ"
    adjoint = Symbol("Y", (2, 3), "adjoint")
    assert text(Operation("matmul", (adjoint, v), {}, (2,))) == "(∂L/∂Y) v"
    assert printer(notation="v̄").text(Operation("matmul", (adjoint, v), {}, (2,))) == "Ȳ v"


# -- every primitive ----------------------------------------------------------------------------

_PLAIN_PARAMS = {
    "argmax": {"axis": 1, "keepdims": False},
    "argmin": {"axis": None, "keepdims": True},
    "any": {"axis": 1, "keepdims": False},
    "all": {"axis": None, "keepdims": False},
    "count_nonzero": {"axis": 1, "keepdims": True},
    "argsort": {"axis": None, "kind": None, "stable": None},
    "sorted_order": {"axis": 0},
    "round": {"decimals": 1},
    "astype": {"dtype": "<f4"},
    "astype_discrete": {"dtype": "<i8"},
}


def cases(name: str):
    """Sample inputs and parameters of a primitive, also of those without derivative."""
    primitive, rng = REGISTRY[name], np.random.default_rng(0)
    if primitive.sample is not None:
        return primitive.sample(rng)
    count = getattr(primitive.compute, "nin", 1)
    return [(tuple(rng.normal(size=(2, 3)) for _ in range(count)), _PLAIN_PARAMS.get(name, {}))]


@pytest.mark.parametrize("name", REGISTRY)
def test_every_primitive_in_every_form(name) -> None:
    primitive = REGISTRY[name]
    for inputs, params in cases(name):
        expected = primitive.compute(*inputs, **params)
        names = [f"x{number}" for number in range(len(inputs))]
        arguments = [Symbol(n, np.shape(x)) for n, x in zip(names, inputs, strict=True)]
        term = operation_term(primitive, arguments, params, np.shape(expected))
        for form in FORMS:
            text = printer(form).text(term)
            assert text
            assert "\n" not in text
            assert form != "latex" or balanced(text)
        found = evaluate(printer("plain").text(term), dict(zip(names, inputs, strict=True)))
        np.testing.assert_array_equal(found, expected)
        assert np.shape(found) == np.shape(expected)
        assert dtype_of(np.asarray(found)) == dtype_of(np.asarray(expected))


# -- names --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", HOSTILE)
def test_any_name_is_valid_and_shown(name) -> None:
    term = Operation("multiply", (Symbol(name), Symbol(name, (), "adjoint")))
    for notation in NOTATIONS:
        text = printer("latex", notation, output=name).text(term)
        assert balanced(text), text
        assert text.isascii()
        assert text.isprintable()
        # nothing that a name holds becomes a command: all commands are those of our tables
        assert set(re.findall(r"\\([a-zA-Z]+)", text)) <= _COMMANDS
        for special in ("$", "%", "&", "#"):
            assert not re.search(rf"(?<!\\)\{special}", text)
        plain = printer("plain", notation, output=name).text(term)
        assert len(list(ast.walk(ast.parse(plain, mode="eval")))) < 12
        one_line = printer(notation=notation, output=name).text(term)
        assert one_line.isprintable()
    assert identifier(name).isidentifier()
    assert identifier(name) not in namespace()


_COMMANDS = {
    "text", "left", "right", "cdot", "times", "frac", "partial", "nabla", "bar", "overline", "backslash", "wedge",
    "sim", "vert", "prime", "hat", "acute", "grave", "tilde", "mathring", "ddot", "check", "breve", "dot", "ldots",
    "to", "alpha", "lambda", "Omega",
}  # fmt: skip


def test_different_names_stay_different_identifiers() -> None:
    assert len({identifier(name) for name in HOSTILE}) >= len(HOSTILE) - 1  # x + macron is given in two ways
    assert identifier("W_out") == "W_out"


@pytest.mark.parametrize(
    ("name", "latex"),
    [
        ("x", "x"),
        ("x1", "x_{1}"),
        ("x_12", "x_{12}"),
        ("W_out", r"W_{\text{out}}"),
        ("W_ih_l0", r"W_{\text{ih}\_\text{l0}}"),
        ("loss", r"{\text{loss}}"),
        ("loss_2", r"\text{loss}_{2}"),
        ("alpha", r"{\alpha}"),
        ("sigma_1", r"\sigma_{1}"),
        ("Gamma", r"{\Gamma}"),
        ("x_t", "x_{t}"),
        ("d_theta", r"d_{\theta}"),
        ("layers[0].W", r"{\text{layers[0].W}}"),
        ("∂out/∂x", r"{\partial \text{out/}\partial \text{x}}"),
        ("W₁", r"{\text{W}{}_{1}}"),
        ("é", r"{\acute{\text{e}}}"),
        ("x̄", r"{\bar{\text{x}}}"),
        ("中", r"{\text{U+4E2D}}"),
    ],
)
def test_names_in_latex(name, latex) -> None:
    assert printer("latex").text(Symbol(name)) == latex


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("x", ("∂L/∂x", "x\u0304", "grad x", r"\frac{\partial L}{\partial x}", r"\bar{x}", r"\nabla_{x} L")),
        (
            "W_out",
            (
                "∂L/∂W_out", "W\u0304_out", "grad W_out", r"\frac{\partial L}{\partial W_{\text{out}}}",
                r"\bar{W}_{\text{out}}", r"\nabla_{W_{\text{out}}} L",
            ),
        ),
        (
            "loss",
            (
                "∂L/∂loss", "adj(loss)", "grad loss", r"\frac{\partial L}{\partial {\text{loss}}}",
                r"\overline{\text{loss}}", r"\nabla_{{\text{loss}}} L",
            ),
        ),
        (
            "a b",
            (
                "∂L/∂(a b)", "adj((a b))", "grad (a b)", r"\frac{\partial L}{\partial {\text{a b}}}",
                r"\overline{\text{a b}}", r"\nabla_{{\text{a b}}} L",
            ),
        ),
    ],
)  # fmt: skip
def test_adjoints_in_three_notations(name, texts) -> None:
    adjoint = Symbol(name, (), "adjoint")
    found = [printer(form, notation).text(adjoint) for form in ("unicode", "latex") for notation in NOTATIONS]
    assert tuple(found) == texts
    assert [printer("plain", notation).text(Symbol("x", (), "adjoint")) for notation in NOTATIONS] == [
        "dL_dx",
        "x_bar",
        "grad_x",
    ]


def test_tangents() -> None:
    tangent = Symbol("x_1", (), "tangent")
    assert [printer(form).text(tangent) for form in FORMS] == ["ẋ_1", r"\dot{x}_{1}", "x_1_dot"]


def test_a_name_that_looks_like_a_formula_is_no_part_of_one() -> None:
    assert printer().text(Operation("power", (Symbol("a+b"), Number(2)))) == "(a+b)²"


def test_long_names_are_cut_in_latex() -> None:
    assert len(latex_text("a" * 300)) < 60


# -- choosing -----------------------------------------------------------------------------------


def test_unknown_forms_and_notations() -> None:
    with pytest.raises(ArgumentError, match=r"unknown form: 'tex' \(must be one of \['unicode', 'latex', 'plain'\]\)"):
        printer("tex")
    with pytest.raises(ArgumentError, match="unknown notation: 'dot'"):
        printer(notation="dot")


def test_a_printer_alone_prints_nothing() -> None:
    with pytest.raises(NotImplementedError):
        Printer().text(X)


def test_plain_arrays() -> None:
    array = Array(np.array([[1.0, np.nan], [np.inf, -2.0]]))
    text = printer("plain").text(array)
    np.testing.assert_array_equal(evaluate(text, {}), array.value)
    empty = Array(np.zeros((0, 3), np.int64))
    found = evaluate(printer("plain").text(empty), {})
    assert (found.shape, found.dtype) == ((0, 3), np.int64)
    assert Unicode().text(Array(np.array([True, False]))) == "mask"


# -- whole functions ----------------------------------------------------------------------------


def test_a_traced_function_in_one_expression() -> None:
    def f(x, y, W_1):
        z = W_1 * (x - y) ** 2 / (1 + np.exp(-x))
        return np.maximum(z, -z) * -((x + y) ** W_1)

    graph = gad.trace(f, *NAMES.values())
    terms = {}
    for node in graph.nodes:
        if node.primitive is None:
            terms[node.id] = Symbol(node.name) if node.kind == "input" else Number(node.value)
        else:
            terms[node.id] = operation_term(node.primitive, [terms[i.id] for i in node.inputs], node.params, ())
    text = printer("plain").text(terms[graph.outputs[0].id])
    assert needless(text) == []
    assert evaluate(text, NUMBERS) == graph.outputs[0].value


def test_a_fraction_of_a_derivative_is_not_misread() -> None:
    graph = gad.trace(lambda a, b: (a / b) ** 2, 2.0, 3.0)
    assert "(∂L/∂v1)/b" in contribution_formula(graph.edges[0])
    assert "v̄1/b" in contribution_formula(graph.edges[0], "v̄")
