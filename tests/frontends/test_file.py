"""A function in a file: how the file runs, what is told of its errors, and what written values become."""

from __future__ import annotations

import sys
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest

import graphviz_ad as gad
from graphviz_ad.frontends import file as file_module
from graphviz_ad.frontends.file import UserCodeError, as_constant, as_input, graph_of_file

NEURON = """
import numpy as np

def neuron(x, w, b=1.0):
    z = w * x + b
    y = np.tanh(z)
    return y
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Return a file that defines a neuron."""
    return written(tmp_path, NEURON)


def written(folder: Path, code: str, name: str = "model.py") -> Path:
    file = folder / name
    file.write_text(dedent(code), encoding="utf-8")
    return file


# ------------------------------------------------------------------------------------------------ running a file


def test_the_graph_is_that_of_a_trace(model: Path) -> None:
    def neuron(x, w, b=1.0):
        z = w * x + b
        y = np.tanh(z)
        return y

    graph = graph_of_file(f"{model}:neuron", ["w=-3", "x=0.5"])
    expected = gad.trace(neuron, 0.5, -3.0)
    assert graph.names == expected.names
    assert graph.title == "neuron"
    assert [node.name for node in graph.inputs] == ["x", "w"], "in the function's order, and no default"
    assert [node.adjoint for node in graph.nodes] == [node.adjoint for node in expected.nodes]
    assert graph["z"].source.file == "model.py"
    assert graph["z"].source.line == 5


def test_the_file_is_a_module_but_not_the_main_one_and_leaves_nothing_behind(tmp_path: Path) -> None:
    written(tmp_path, "FACTOR = 3.0", "beside.py")
    file = written(
        tmp_path,
        """
        from __future__ import annotations
        import dataclasses, pathlib, sys
        from beside import FACTOR

        @dataclasses.dataclass
        class Net:
            w: float

        def f(x):
            assert __name__ == "model" and sys.modules["model"].f is f
            assert pathlib.Path(__file__).is_absolute()
            from beside import FACTOR as again
            return x * Net(FACTOR).w * again

        if __name__ == "__main__":
            raise SystemExit("run as a script")
        """,
    )
    before, modules = list(sys.path), set(sys.modules)
    try:
        assert graph_of_file(f"{file}:f", ["x=1"])["x"].adjoint == 9.0
        assert sys.path == before
        assert "model" not in sys.modules
    finally:
        for name in set(sys.modules) - modules:
            del sys.modules[name]
    assert not list(tmp_path.glob("__pycache__/model*"))


def test_a_changed_file_is_run_as_it_is_now(tmp_path: Path) -> None:
    for factor in (2, 3):
        file = written(tmp_path, f"def f(x):\n    return x * {factor}\n")
        assert graph_of_file(f"{file}:f", ["x=1"])["x"].adjoint == factor


def test_a_file_may_have_the_name_of_a_module(tmp_path: Path) -> None:
    file = written(tmp_path, "import numpy as np\ndef f(x):\n    return np.sin(x) * 2\n", "numpy.py")
    assert graph_of_file(f"{file}:f", ["x=0"])["x"].adjoint == 2.0
    assert sys.modules["numpy"] is np


# ------------------------------------------------------------------------------------------------ written wrongly


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("model.py", r"'model.py' names no function \(it defines neuron\); write .* such as model.py:neuron"),
        ("model.py:", r"names no function \(it defines neuron\)"),
        ("model.py:a b", "names no function"),
        ("model", "'model' names no function; write FILE.py:FUNCTION, such as model.py:loss"),
        ("other.py:f", "the file other.py does not exist; write FILE.py:FUNCTION, such as model.py:f"),
        (".:f", "the file . is a folder"),
        ("book.ipynb:f", r"book.ipynb is a notebook, .*gad.trace\(f, ...\).save\('figure.svg'\)"),
        ("model.py:neurn", "model.py has no function named neurn; did you mean neuron?"),
        ("model.py:zzz", "model.py has no function named zzz; it has: neuron"),
        ("model.py:np", "np in model.py is no function but a module"),
    ],
)
def test_a_target_that_is_none(model: Path, target: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(model.parent)
    with pytest.raises(gad.ArgumentError, match=message):
        graph_of_file(target, ["x=1", "w=2"])


@pytest.mark.parametrize(
    ("at", "constants", "message"),
    [
        (["x=1"], [], r"neuron\(\) needs a value for w; add it, for example: --at w=1.0 \(beside"),
        ([], [], r"neuron\(\) needs a value for x and w; add it, for example: --at x=1.0 w=1.0$"),
        (["x=1", "w=1", "q=1"], [], r"neuron\(\) has no parameter named q \(its parameters: x, w, b\)"),
        ([], ["x=1.0", "w=1.0"], r"nothing to differentiate neuron\(\) by; write for example: --at b=1.0"),
        (["x=1", "x=2", "w=1"], [], "--at gives x twice"),
        (["x=1", "w=1"], ["x=2"], "x is given both by --at and by --constant"),
        (["x"], [], "--at takes NAME=VALUE, such as --at x=2.0; 'x' is none"),
        (["x="], [], "'x=' is none"),
        (["=2"], [], "'=2' is none"),
        (["x=two"], [], "--at x=two is no number and no list of numbers"),
        (["x=__import__('os')"], [], "is no number"),
        (["x=True"], [], "--at takes numbers, and x has True, .* write --constant x=True"),
        (["x=1+2j"], [], r"x has \(1\+2j\)"),
        (["x={[1]: 2}"], [], "is no number"),
        (["x=[1, 'a']"], [], "x has 'a'"),
        (["x=[[1, 2], [3]]"], [], "x is no array: its rows have different lengths"),
        (["x=[1, [2]]"], [], "x is no array"),
        (["x=1" + "0" * 400], [], "too large for a float"),
        (["x=" + "[" * 5000], [], "is no number"),
        (["x=1"], ["w=[1, 2"], r"--constant has \[1, 2, which is no value"),
    ],
)
def test_values_that_do_not_fit(model: Path, at: list[str], constants: list[str], message: str) -> None:
    with pytest.raises(gad.ArgumentError, match=message):
        graph_of_file(f"{model}:neuron", at, constants)


def test_wrong_values_are_seen_before_the_file_runs(tmp_path: Path) -> None:
    file = written(tmp_path, "raise SystemExit('it ran')\ndef f(x): return x\n")
    with pytest.raises(gad.ArgumentError, match="is no number"):
        graph_of_file(f"{file}:f", ["x=two"])


# ------------------------------------------------------------------------------------------------ errors of the file


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (
            """
            def f(x):
                y = x * 2
                return helper(y)

            def helper(y):
                return {}["key"]
            """,
            "model.py, line 7, in helper:\n    return {}[\"key\"]\nKeyError: 'key'",
        ),
        (
            "x = 1\nimport nowhere_at_all\n",
            "model.py, line 2:\n    import nowhere_at_all\nModuleNotFoundError: No module",
        ),
        (
            "def f(x):\n    return x +\n",
            "model.py, line 2:\n    return x +\n              ^\nSyntaxError: invalid syntax",
        ),
        (
            "def f(x):\nreturn x\n",
            "model.py, line 2:\n    return x\n    ^\nIndentationError: expected an indented block",
        ),
        ("import sys\nsys.exit(3)\n", "model.py, line 2:\n    sys.exit(3)\nSystemExit: 3"),
        ("raise ValueError\n", "model.py, line 1:\n    raise ValueError\nValueError"),
        ("from . import other\n", "model.py, line 1:\n    from . import other\nImportError: attempted relative import"),
        ("def f(x):\n    return f(x)\n", "model.py, line 2, in f:\n    return f(x)\nRecursionError: maximum recursion"),
        (
            "import math\ndef f(x):\n    return math.sin(x)\n",
            "model.py, line 3, in f:\n    return math.sin(x)\nExitError: ",
        ),
        (
            "import numpy as np\ndef f(x):\n    return np.reshape(x, (2, 2))\n",
            "model.py, line 3, in f:\n    return np.reshape",
        ),
        ("x = '\0'\n", "model.py"),
    ],
)
def test_what_the_file_raises_is_told_with_its_line(tmp_path: Path, code: str, message: str) -> None:
    file = written(tmp_path, code)
    before = list(sys.path)
    with pytest.raises(UserCodeError) as caught:
        graph_of_file(f"{file}:f", ["x=1"])
    assert str(caught.value).startswith(message)
    assert str(tmp_path) not in str(caught.value)
    assert sys.path == before
    assert "model" not in sys.modules


def test_an_error_in_a_module_beside_it_is_told_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, "def double(x):\n    return x * None\n", "beside_it.py")
    written(tmp_path, "def double(x)\n", "broken_beside_it.py")
    file = written(tmp_path, "def f(x):\n    from beside_it import double\n    return double(x)\n")
    with pytest.raises(UserCodeError, match=r"^beside_it.py, line 2, in double:\n    return x \* None\n"):
        graph_of_file(f"{file}:f", ["x=1"])
    file = written(tmp_path, "import broken_beside_it\n")
    with pytest.raises(UserCodeError, match=r"^broken_beside_it.py, line 1:\n    def double\(x\)\n +\^\nSyntaxError: "):
        graph_of_file(f"{file}:f", ["x=1"])
    monkeypatch.delitem(sys.modules, "beside_it")


def test_an_error_deep_in_a_library_is_told_at_the_line_that_called_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in (".venv/lib/site-packages", "graphviz_ad"):  # both may lie beside the file
        library = tmp_path / place
        library.mkdir(parents=True)
        written(library, "def fail(x):\n    raise ValueError('too deep')\n", "library_of_a_test.py")
        monkeypatch.setattr(file_module, "PACKAGE", tmp_path / "graphviz_ad")
        monkeypatch.syspath_prepend(library)
        file = written(tmp_path, "def f(x):\n    import library_of_a_test\n    return library_of_a_test.fail(x)\n")
        with pytest.raises(UserCodeError, match=r"^model.py, line 3, in f:\n.*\nValueError: too deep$"):
            graph_of_file(f"{file}:f", ["x=1"])
        monkeypatch.delitem(sys.modules, "library_of_a_test")


def test_what_is_wrong_with_the_result_is_told_as_it_is(tmp_path: Path) -> None:
    file = written(tmp_path, "def f(x):\n    y = x * 2\n")
    with pytest.raises(gad.OutputError, match=r"^f\(\) returned None; did it forget `return`\?"):
        graph_of_file(f"{file}:f", ["x=1"])


# ------------------------------------------------------------------------------------------------ values


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2", 2.0),
        ("-2.5e3", -2500.0),
        ("inf", np.inf),
        ("-Infinity", -np.inf),
        ("(1, 2)", (1.0, 2.0)),
        ("{'w': 1, 'b': [2]}", {"w": 1.0, "b": np.array([2.0])}),
        ("[{'w': 1}, {'w': 2}]", [{"w": 1.0}, {"w": 2.0}]),
    ],
)
def test_numbers_become_floats(text: str, value: object) -> None:
    found = as_input("x", text)
    assert found == value
    assert type(found) is type(value)


def test_nan_is_a_number() -> None:
    assert np.isnan(as_input("x", "nan"))


@pytest.mark.parametrize(("text", "shape"), [("[1, 2]", (2,)), ("[[1, 2], [3, 4.5], [5, 6]]", (3, 2)), ("[]", (0,))])
def test_lists_of_numbers_become_arrays_of_floats(text: str, shape: tuple[int, ...]) -> None:
    found = as_input("x", text)
    assert isinstance(found, np.ndarray)
    assert found.dtype == np.float64
    assert found.shape == shape


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("True", True),
        ("None", None),
        ("relu", "relu"),
        ("'a b'", "a b"),
        ("[3, 2]", [3, 2]),
        ("(1, 'a')", (1, "a")),
    ],
)
def test_constants_go_as_they_are(text: str, value: object) -> None:
    found = as_constant(text)
    assert found == value
    assert type(found) is type(value)


def test_floats_among_the_constants_are_data(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        """
        import numpy as np

        def f(x, X, rate, options, n, kind="none"):
            assert isinstance(X, np.ndarray) and X.shape == (2, 2) and X.dtype == float
            assert type(rate) is float and options == {"eps": 1e-30, "sizes": [2, 1]}
            assert type(n) is int and kind == "relu"
            return np.sum(X @ x) * rate + options["eps"]
        """,
    )
    constants = ["X=[[1, 2.0], [3, 4]]", "rate=0.5", "options={'eps': 1e-30, 'sizes': [2, 1]}", "n=3", "kind=relu"]
    graph = graph_of_file(f"{file}:f", ["x=[1, 1]"], constants)
    assert [node.name for node in graph.inputs] == ["x"]
    assert graph["x"].adjoint.tolist() == [2.0, 3.0]


def test_every_kind_of_parameter_is_served(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        """
        def position_only(x, y=5.0, /):
            return x * y

        def keyword_only(a, b=2.0, *rest, c, **more):
            return a * b * c * more.get("d", 1.0)

        class Net:
            def __call__(self, x):
                return x * 2

        net = Net()
        """,
    )
    assert graph_of_file(f"{file}:position_only", ["y=3", "x=2"])["x"].adjoint == 3.0
    assert graph_of_file(f"{file}:position_only", ["x=2"])["x"].adjoint == 5.0
    graph = graph_of_file(f"{file}:keyword_only", ["d=5", "c=3", "a=1"])
    assert [node.name for node in graph.inputs] == ["a", "c", "d"]
    assert graph["a"].adjoint == 30.0
    assert graph_of_file(f"{file}:net", ["x=2"])["x"].adjoint == 2.0


def test_a_position_cannot_be_skipped(tmp_path: Path) -> None:
    file = written(tmp_path, "def f(x=1.0, y=2.0, /):\n    return x * y\n")
    with pytest.raises(gad.ArgumentError, match=r"f\(\) takes y by position: give x as well"):
        graph_of_file(f"{file}:f", ["y=3"])


def test_a_function_without_a_signature_takes_values_in_their_order(tmp_path: Path) -> None:
    code = """
        import numpy as np

        class Maximum:
            __signature__ = "not one that Python understands"

            def __call__(self, *args):
                return np.maximum(*args)

        maximum = Maximum()
        """
    graph = graph_of_file(f"{written(tmp_path, code)}:maximum", ["p=3", "q=2"])
    assert [node.adjoint for node in graph.inputs] == [1.0, 0.0]
