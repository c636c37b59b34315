"""The bugs of `find_bug`, as a table: in which program, which line becomes what, and which misconception that is."""

from __future__ import annotations

from typing import NamedTuple

from graphviz_ad.exercises.programs import PROGRAMS, Program


class Bug(NamedTuple):
    """One line of a right program made wrong.

    ``code`` is the misconception, "" for a slip without one; ``item`` names the error in the project's list of errors
    that it comes from. ``others`` are further lines that somebody might put in the right one's place. ``question`` and
    ``told`` are the hints. ``args`` replace some of the program's arguments where the bug would not show at those.
    """

    name: str
    program: str
    right: str
    wrong: str
    code: str
    item: str
    others: tuple[str, ...]
    question: str
    told: str
    args: tuple[tuple[str, str], ...] = ()

    @property
    def of(self) -> Program:
        """The right program."""
        return PROGRAMS[self.program]

    @property
    def line(self) -> int:
        """The number of the wrong line, from 1."""
        return [line.strip() for line in self.of.text].index(self.right) + 1

    @property
    def lines(self) -> tuple[str, ...]:
        """The program with the bug."""
        text = list(self.of.text)
        text[self.line - 1] = text[self.line - 1].replace(self.right, self.wrong)
        return tuple(text)


_SHAPE = "Write the shape below every factor, for matrices that are not square: does each adjoint get its own shape?"
_ONE_EACH = "Count the edges of the path, and the factors."

_TABLE = (
    # -- chains ---------------------------------------------------------------------------------------
    Bug("outer at x", "cube", "u_bar = 3 * u**2", "u_bar = 3 * x**2", "M5", "M5", ("u_bar = 3 * u",),
        "The outer function is a cube: of which number, and where is its slope to be taken?",
        "The derivative of u³ is 3u², at the u that flows in."),
    Bug("inner left out", "cube", "x_bar = u_bar * 2 * x", "x_bar = u_bar", "M6", "M6", ("x_bar = 2 * x",),
        _ONE_EACH, "u moves 2x times as fast as x: that factor belongs to the edge from x to u."),
    Bug("local for adjoint", "cube", "x_bar = u_bar * 2 * x", "x_bar = 2 * x", "M4", "M4", ("x_bar = u_bar + 2 * x",),
        "Is that how the result reacts to x, or how u does?",
        "What has arrived at u is a factor of what goes on to x."),
    Bug("one factor too many", "cube", "x_bar = u_bar * 2 * x", "x_bar = u_bar * (3 * u**2) * 2 * x", "", "E1",
        ("x_bar = u_bar",), _ONE_EACH, "Two functions are two edges, so there are two factors: 3u² and 2x."),
    # -- forks ------------------------------------------------------------------------------------------
    Bug("= for +=", "diamond", "bar[name] += bar[consumer] * local", "bar[name] = bar[consumer] * local", "M1", "M1",
        ("bar[name] *= bar[consumer] * local",), "Which names come up twice in the table of edges, and what is kept?",
        "Contributions to one value add up: += instead of =."),
    Bug("too early", "diamond", 'for consumer in ["y", "f", "e", "d", "c"]:',
        'for consumer in ["y", "e", "d", "c", "f"]:', "M2", "M2", ('for consumer in ["c", "d", "e", "f", "y"]:',),
        "Which node sends before all of its consumers have sent?", "c and d must wait for both e and f."),
    Bug("local alone", "diamond", "bar[name] += bar[consumer] * local", "bar[name] += local", "M4", "M4",
        ("bar[name] += bar[consumer]",), "Does what arrives from above count at all in this line?",
        "A contribution is the adjoint of the consumer times the local derivative."),
    Bug("paths multiplied", "diamond", "bar[name] += bar[consumer] * local",
        "bar[name] = (bar[name] or 1.0) * bar[consumer] * local", "M16", "M16", ("bar[name] += bar[consumer] + local",),
        "Along a path rates multiply. What does this line do between paths?", "Between paths products are added."),
    Bug("seed", "diamond", 'bar = {"a": 0.0, "b": 0.0, "c": 0.0, "d": 0.0, "e": 0.0, "f": 0.0, "y": 1.0}',
        'bar = {"a": 0.0, "b": 0.0, "c": 0.0, "d": 0.0, "e": 0.0, "f": 0.0, "y": a + b}', "M11", "M11",
        ('bar = {"a": 1.0, "b": 1.0, "c": 1.0, "d": 1.0, "e": 1.0, "f": 1.0, "y": 1.0}',),
        "How much does y change if y changes by 1?", "The sweep starts from ∂y/∂y = 1, whatever the value of y is."),
    # -- a net --------------------------------------------------------------------------------------------
    Bug("mean", "two_layer", "dA2 = (A2 - Y) / m", "dA2 = A2 - Y", "M11", "E13", ("dA2 = (A2 - Y) / (2 * m)",),
        "Over what does the loss take its mean, and where does that go?",
        "The 1/m of the mean belongs to every contribution; ½ and the square's 2 cancel."),
    Bug("⊙ for @", "two_layer", "dW1 = dZ1 @ X.T", "dW1 = dZ1 * X", "M7", "E3, E13", ("dW1 = X @ dZ1.T",), _SHAPE,
        "The same dot stands in books for ⊙ and for a matrix product: samples are summed over here, so it is @."),
    Bug("bias copies", "two_layer", "db1 = np.sum(dZ1, axis=1, keepdims=True)", "db1 = dZ1", "M8", "E13",
        ("db1 = np.sum(dZ1, axis=0, keepdims=True)",),
        "b1 was used for every sample: how often does something come back?",
        "A broadcast forwards is a sum backwards, over the axis of the samples."),
    Bug("bias summed whole", "two_layer", "db2 = np.sum(dZ2, axis=1, keepdims=True)", "db2 = np.sum(dZ2, axis=1)", "M8",
        "E13", ("db2 = dZ2",), _SHAPE, "b2 is a column: the axis that is summed over is kept, with length 1."),
    Bug("slope at the output", "two_layer", "dZ1 = dA1 * A1 * (1 - A1)",
        "dZ1 = dA1 / (1 + np.exp(-A1)) * (1 - 1 / (1 + np.exp(-A1)))", "M5", "E14", ("dZ1 = dA1 * (1 - A1**2)",),
        "The slope of σ can be written with z or with a = σ(z). Which of them goes in here?",
        "σ′ = a(1 − a) with a = σ(z): applying σ once more to a takes the slope at the wrong place."),
    Bug("activation skipped", "two_layer", "dZ2 = dA2 * A2 * (1 - A2)", "dZ2 = dA2", "M6", "E12",
        ("dZ2 = dA2 * A2",), "Which nodes lie between Z2 and the loss, and does each of them have its factor?",
        "a − y alone belongs to cross-entropy; here σ has its own factor a(1 − a)."),
    Bug("W2 not transposed", "two_layer", "dA1 = W2.T @ dZ2", "dA1 = W2 @ dZ2", "M7", "E24",
        ("dA1 = W2.T * dZ2",), _SHAPE, "A1 has as many rows as W2 has columns: W2ᵀ leads back."),
    # -- a layer ------------------------------------------------------------------------------------------
    Bug("Wᵀ in the adjoint", "linear", "X_bar = Y_bar @ W", "X_bar = Y_bar @ W.T", "M7", "E5", ("X_bar = W.T @ Y_bar",),
        _SHAPE, "Forwards stands Wᵀ, so backwards stands W: (4,3) = (4,2)(2,3)."),
    Bug("factors exchanged", "linear", "W_bar = Y_bar.T @ X", "W_bar = X.T @ Y_bar", "M7", "E5", ("W_bar = Y_bar @ X",),
        _SHAPE, "W is (outputs, inputs), and so is its adjoint: ȲᵀX."),
    Bug("bias as wide as Y", "linear", "b_bar = Y_bar.sum(axis=0)", "b_bar = Y_bar", "M8", "M8",
        ("b_bar = Y_bar.sum()",), "How many rows used b, and what becomes of what they send?",
        "Every row sends something to b: they are added up."),
    Bug("summed over the other axis", "linear", "b_bar = Y_bar.sum(axis=0)", "b_bar = Y_bar.sum(axis=1)", "M8", "E13",
        ("b_bar = Y_bar.mean(axis=0)",), _SHAPE, "b was copied for every sample, along axis 0."),
    # -- a recurrent net --------------------------------------------------------------------------------------
    Bug("W_hy left out", "rnn", "dh = Why.T @ dy + dh_next", "dh = dy + dh_next", "M4b", "E9",
        ("dh = Why @ dy + dh_next",), "From h to y leads an edge: what does it do to what goes back along it?",
        "y = W_hy h, so what arrives at y goes through W_hyᵀ on its way to h."),
    Bug("last step alone", "rnn", "dWhh += np.outer(dz, hs[t])", "dWhh = np.outer(dz, hs[t])", "M15", "E9",
        ("dWhh += np.outer(hs[t], dz)",), "How often is Whh used, and what is left after the loop?",
        "A parameter that is used at every step gets a contribution from every step, and they add up."),
    Bug("future forgotten", "rnn", "dh = Why.T @ dy + dh_next", "dh = Why.T @ dy", "M1", "M1", ("dh = dh_next",),
        "h has two consumers: which?", "h is used by y and by the next step: both send something."),
    Bug("Whh not transposed", "rnn", "dh_next = Whh.T @ dz", "dh_next = Whh @ dz", "M7", "E10", ("dh_next = dz",),
        "Whh is always square, so that no shape complains. Which index is summed over forwards?",
        "Forwards Whh h sums over columns, so backwards Whhᵀ dz sums over rows."),
    Bug("stale", "rnn", "dh_next = Whh.T @ dz", "dh_next += Whh.T @ dz", "M3", "M3", ("dh_next = Whh.T @ dh",),
        "What is in dh_next when the next turn of the loop begins?",
        "dh_next is what one step sends to the one before it: the older ones have been used already."),
    Bug("slope one step off", "rnn", "dz = dh * (1 - hs[t + 1] ** 2)", "dz = dh * (1 - hs[t] ** 2)", "M5", "M5",
        ("dz = dh",), "Of which state is this the slope: the one that went in, or the one that came out?",
        "The slope of tanh at step t is 1 − h², with the h that this step made."),
    # -- attention ----------------------------------------------------------------------------------------------
    Bug("scale left out", "attention", "Q_bar = S_bar @ K / np.sqrt(d)", "Q_bar = S_bar @ K", "M6", "E10",
        ("Q_bar = S_bar @ K / d",), "Which number stands between Q Kᵀ and S?",
        "S has a factor 1/√d, and so has its way back."),
    Bug("K transposed", "attention", "Q_bar = S_bar @ K / np.sqrt(d)", "Q_bar = S_bar @ K.T / np.sqrt(d)", "M7", "E10",
        ("Q_bar = K.T @ S_bar / np.sqrt(d)",), _SHAPE,
        "Q Kᵀ forwards, so S̄ K backwards. With square matrices the wrong one goes unnoticed."),
    Bug("Qᵀ S̄", "attention", "K_bar = S_bar.T @ Q / np.sqrt(d)", "K_bar = Q.T @ S_bar / np.sqrt(d)", "M7", "E10",
        ("K_bar = S_bar @ Q / np.sqrt(d)",), _SHAPE, "That is the adjoint of Kᵀ; K gets its transpose, S̄ᵀQ."),
    Bug("softmax entry by entry", "attention", "S_bar = A * (A_bar - np.sum(A_bar * A, axis=1, keepdims=True))",
        "S_bar = A_bar * A * (1 - A)", "M1", "E4", ("S_bar = A_bar * A",),
        "Does an entry of A depend on its own entry of S alone?",
        "Softmax couples a row: every entry of A sends something to every entry of its row of S."),
    # -- convolution ----------------------------------------------------------------------------------------------
    Bug("flipped twice", "correlation", 'x_bar = np.convolve(g, k, mode="full")',
        'x_bar = np.convolve(g, k[::-1], mode="full")', "M7", "E6", ('x_bar = np.correlate(g, k, mode="full")',),
        "np.convolve flips one of its arguments by itself. How often is the kernel flipped here?",
        "The way back of a cross-correlation is a convolution with the same kernel; flipping it as well undoes that."),
    Bug("kernel turned round", "correlation", 'k_bar = np.correlate(x, g, mode="valid")',
        'k_bar = np.convolve(x, g, mode="valid")', "M7", "E6", ('k_bar = np.correlate(g, x, mode="valid")',),
        "Move the kernel's first entry a little: which entries of x does it meet?",
        "A convolution hands the adjoint of the kernel back in reverse order, and as it is only a shift it fits."),
    # -- losses -------------------------------------------------------------------------------------------------------
    Bug("σ′ once more", "bce", "dz = (a - t) / len(t)", "dz = (a - t) * a * (1 - a) / len(t)", "M11", "E12",
        ("dz = (a - t) / (a * (1 - a)) / len(t)",),
        "∂L/∂a of cross-entropy has a(1 − a) below. What does σ′ do to that?",
        "With cross-entropy a(1 − a) cancels: a − t is left. With the square error it stays."),
    Bug("sum for mean", "bce", "dz = (a - t) / len(t)", "dz = a - t", "M11", "E13", ("dz = (a - t) / 2",),
        "Does the loss add up over the samples, or take their mean?",
        "A mean of n has a factor 1/n in every contribution."),
    Bug("sign", "bce", "dz = (a - t) / len(t)", "dz = (t - a) / len(t)", "sign", "E12", ("dz = (1 - a) / len(t)",),
        "If z grows while t = 0, does the loss grow?", "At t = 0 the loss grows with z: the sign is that of a − t."),
    Bug("not averaged", "softmax_ce", "return Z_bar / n", "return Z_bar", "M11", "E15", ("return Z_bar / Z_bar.size",),
        "Does the loss add up over the samples, or take their mean?",
        "A mean of n has a factor 1/n in every contribution."),
    Bug("first row alone", "softmax_ce", "Z_bar[np.arange(n), labels] -= 1", "Z_bar[0, labels] -= 1", "M1", "E15",
        ("Z_bar[:, labels] -= 1",), "Which entries does this index choose, for the second sample say?",
        "Each row has its own label: (row, label) pairs are chosen by two arrays."),
    Bug("columns normalised", "softmax_ce", "P = P / P.sum(axis=1, keepdims=True)",
        "P = P / P.sum(axis=0, keepdims=True)", "M7", "E15", ("P = P / P.sum()",),
        "What adds up to 1: a sample's probabilities, or a class's?",
        "Rows are samples here, so each row adds up to 1."),
    Bug("overflow", "softmax_ce", "P = np.exp(Z - Z.max(axis=1, keepdims=True))", "P = np.exp(Z)", "", "E15",
        ("P = np.exp(Z / Z.max())",), "What is exp of 1000?",
        "Softmax does not change if a row is shifted: with its maximum at 0 nothing overflows.",
        (("Z", "Z * 500"),)),
    # -- gradient checks ----------------------------------------------------------------------------------------------
    Bug("rows at once", "numeric", "for i in np.ndindex(x.shape):", "for i in range(len(x)):", "M13", "E11",
        ("for i in range(x.size):",), "What is x[0] if x is a matrix?",
        "A row moves as a whole, so that the sums of rows come out: every entry has to move alone."),
    Bug("one side for two", "numeric", "grad[i] = (above - below) / (2 * h)", "grad[i] = (above - below) / h", "M11",
        "E11", ("grad[i] = (above - f(x)) / (2 * h)",), "How far apart are the two points?",
        "From x − h to x + h it is 2h."),
    Bug("integers", "numeric", "x = np.array(x, dtype=float)", "x = np.array(x)", "M13", "E11",
        ("x = np.array(x, dtype=int)",), "What becomes of 3 + 0.00001 in an array of integers?",
        "An array of integers cuts the step off; floats keep it.", (("x", "np.array([[1, 2], [3, -2]])"),)),
    Bug("absolute", "agrees", "return bool(difference / size < 1e-5)", "return bool(difference < 1e-7)", "M13", "E11",
        ("return bool(difference / size < 1e-16)",), "The gradient is about 60,000 here. How good can a difference be?",
        "Only relative to the gradient's own size does a difference say something."),
    Bug("0/0", "agrees", "return True", "return bool(difference / size < 1e-5)", "M13", "E16", ("return size > 0",),
        "What if both gradients are exactly 0?", "0/0 is nan, and nan < 1e-5 is False: two zeros agree.",
        (("grad", "np.zeros(2)"), ("numeric", "np.zeros(2)"))),
    # -- training ----------------------------------------------------------------------------------
    Bug("no step", "step", "w = w - rate * w_bar", "w_new = w - rate * w_bar", "", "E21", ("w = w - rate",),
        "Which w is returned, and has it moved?", "A step that is computed and not kept is none."),
    Bug("uphill", "step", "w = w - rate * w_bar", "w = w + rate * w_bar", "sign", "E21", ("w = rate * w_bar",),
        "Where does the gradient point?", "The gradient points uphill; descent subtracts it."),
    Bug("not set back", "train", "w_bar = 0.0", "w_bar += 0.0", "M3", "M3", ("w_bar = w",),
        "What is in w_bar when the second step begins?",
        "Without = 0.0 the second step adds to the first one's gradient."),
    Bug("last sample alone", "train", "w_bar += 2 * (y - t[i]) * x[i]", "w_bar = 2 * (y - t[i]) * x[i]", "M1", "M1",
        ("w_bar += 2 * (y - t[i])",), "Which samples count after the inner loop?",
        "All samples use w: what they send adds up."),
    Bug("value clipped", "huber", "e_bar = np.clip(e, -1.0, 1.0)", "e_bar = e * (np.abs(e) <= 1)", "M12", "M12",
        ("e_bar = e",), "What does a large error teach here?",
        "Clipping the error itself closes the gate where it is large; it is its adjoint that stays at ±1."),
    Bug("open at 0", "relu", "z_bar = g * (z > 0)", "z_bar = g * (z >= 0)", "", "E21", ("z_bar = g * (h >= 0)",),
        "What has been agreed on for z = 0 exactly?", "ReLU′(0) = 0 here: only z > 0 lets something pass."),
    Bug("adjoint rectified", "relu", "z_bar = g * (z > 0)", "z_bar = np.maximum(0, g)", "M12", "M12",
        ("z_bar = g * h",), "What decides whether the gate is open: z, or what comes back?",
        "The gate is set forwards, by z; what comes back passes with its sign."),
    Bug("order of Jacobians", "jacobians", "return J2 @ J1", "return J1 @ J2", "M7", "E20", ("return J2 * J1",),
        _SHAPE, "The last function stands leftmost: J₂J₁, as in y = f₂(f₁(x))."),
)  # fmt: skip

BUGS: dict[str, Bug] = {f"{bug.program}: {bug.name}": bug for bug in _TABLE}
"""The bugs, by "program: name"."""
