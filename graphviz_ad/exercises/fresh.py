"""Runs a check in a fresh process and a student's code in another: what a notebook has patched counts in neither.

A hidden test of a grader hands over text, from a kernel in which anything may have been replaced::

    task = {"code": inspect.getsource(backward), "names": ["backward"], "check": "gad.assert_backward(backward, ...)"}
    done = subprocess.run([sys.executable, "-I", "-m", "graphviz_ad.exercises.fresh"], input=json.dumps(task), ...)
    assert done.returncode == 0, done.stdout
"""

from __future__ import annotations

import contextlib
import inspect
import json
import linecache
import subprocess
import sys
import textwrap
import threading
from collections.abc import Mapping
from typing import Any, TextIO

import numpy as np

from graphviz_ad.errors import ArgumentError

SECONDS = 20.0
"""A student's code may take so long, for each call."""
_PRELUDE = "import numpy as np, graphviz_ad as gad"
"""How the code of every check begins."""
_WORKER = "from graphviz_ad.exercises.fresh import work; work()"


class StudentError(Exception):
    """What a student's code raised in its own process; the text names the line."""


def main(source: TextIO, out: TextIO) -> int:
    """Read a task as JSON and run its check; 0 if it passed, 1 with the feedback printed if it did not.

    The task is ``{"code", "names", "check", "answers", "seed", "seconds"}``: the student's code, which of its functions
    the check uses, the check as Python code (it has ``gad``, ``np``, those functions, ``code``, ``answers`` and
    ``seed``), answers as JSON, the seed of an exercise, and how long a call may take. A function that is to be traced
    cannot be in another process: the check runs ``code`` itself, and whoever starts this process sets a limit to its
    time.
    """
    try:
        task = json.loads(source.read())
        names, check = list(task.get("names", [])), textwrap.dedent(str(task["check"]))
        seconds = float(task.get("seconds", SECONDS))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        print(f"this is no task: {type(error).__name__}: {error}", file=out)
        return 2
    scope: dict[str, Any] = {key: task.get(key) for key in ("answers", "seed")} | {"code": task.get("code", "")}
    exec(_PRELUDE, scope)
    worker = None
    try:
        if names:
            worker = Worker(seconds)
            worker.run(str(task.get("code", "")))
            scope |= {name: worker.function(name) for name in names}
        _remember("check.py", check)  # nodes have the names of its variables
        exec(compile(check, "check.py", "exec"), scope)
    except (AssertionError, StudentError, ArgumentError) as error:
        print(str(error) or "the check failed", file=out)
        return 1
    finally:
        if worker is not None:
            worker.close()
    return 0


# -- the side of the check ----------------------------------------------------------------------------


class Worker:
    """The process of a student's code. It is asked for results as JSON, so that nothing of it runs here."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self.seconds = seconds
        self.signatures: Any = None
        self.process = subprocess.Popen(
            [sys.executable, *(["-I"] if sys.flags.isolated else []), "-c", _WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
        )

    def run(self, code: str) -> None:
        """Run the student's code, which makes functions."""
        self.signatures = self._ask({"code": code})

    def function(self, name: str) -> Any:
        """A function that stands for one of the student's, with its signature."""
        if not isinstance(self.signatures, dict) or name not in self.signatures:
            raise StudentError(f"There is no function {name}.")

        def stand_in(*args: Any) -> Any:
            return decoded(self._ask({"call": name, "args": [encoded(arg) for arg in args]}))

        stand_in.__name__ = name
        stand_in.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [inspect.Parameter(str(one), inspect.Parameter.POSITIONAL_OR_KEYWORD) for one in self.signatures[name]]
        )
        return stand_in

    def _ask(self, question: Any) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        late = threading.Timer(self.seconds, self.process.kill)
        late.start()
        try:
            self.process.stdin.write(json.dumps(question) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except (OSError, ValueError):
            line = ""
        finally:
            in_time = late.is_alive()
            late.cancel()
        if not line:
            raise StudentError(
                "The code ended its process (sys.exit?)" if in_time else f"The code took more than {self.seconds:g} s"
            )
        try:
            answer = json.loads(line)
        except (ValueError, RecursionError):
            raise StudentError("The code gave nothing that can be read") from None
        if not isinstance(answer, dict) or "result" not in answer:
            raise StudentError(str(answer.get("error") if isinstance(answer, dict) else answer)[:2000])
        return answer["result"]

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # what was left to say has nobody to hear it
                    pipe.close()


# -- the side of the student ----------------------------------------------------------------------------


def work() -> None:
    """Answer the questions of a `Worker`; what the code prints goes nowhere."""
    from graphviz_ad.exercises.handwritten import call, raised

    replies = sys.stdout
    sys.stdout = sys.stderr
    scope: dict[str, Any] = {"np": np, "numpy": np, "__name__": "student"}
    for line in sys.stdin:
        question = json.loads(line)
        answer: dict[str, Any]
        if "code" in question:
            code = question["code"]
            _remember("student.py", code)
            try:
                exec(compile(code, "student.py", "exec"), scope)
                answer = {"result": {name: _parameters(made) for name, made in scope.items() if callable(made)}}
            except (Exception, SystemExit) as error:  # noqa: BLE001  (a student's code may raise anything)
                answer = {"error": raised("The code", error)}
        else:
            result, _, problem = call(scope[question["call"]], [decoded(arg) for arg in question["args"]])
            answer = {"result": encoded(result)} if problem is None else {"error": problem.text}
        replies.write(json.dumps(answer) + "\n")
        replies.flush()


def _remember(name: str, code: str) -> None:
    """Keep the lines of code that is in no file: errors quote them."""
    linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)


def _parameters(function: Any) -> list[str]:
    try:
        return [one.name for one in inspect.signature(function).parameters.values()]
    except (TypeError, ValueError):
        return []


# -- both ----------------------------------------------------------------------------------------------


def encoded(value: Any) -> Any:
    """Numbers, arrays, texts and nests of them as JSON; of all else its text.

    Examples
    --------
    >>> decoded(encoded({"W": np.ones((1, 2)), "b": (0.5, None)}))
    {'W': array([[1., 1.]]), 'b': (0.5, None)}
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return {"float": float(value).hex()}
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "biuf":
        array = np.asarray(value)
        numbers = [float(one).hex() for one in array.ravel()] if array.dtype.kind == "f" else array.ravel().tolist()
        return {"array": numbers, "shape": list(array.shape), "dtype": array.dtype.name}
    if isinstance(value, Mapping):
        return {"dict": [[str(key), encoded(item)] for key, item in value.items()]}
    if isinstance(value, list | tuple):
        return {type(value).__name__ if type(value) in (list, tuple) else "tuple": [encoded(item) for item in value]}
    return {"text": repr(value)[:200]}


def decoded(value: Any) -> Any:
    """What `encoded` made; it may come from anywhere."""
    if not isinstance(value, dict):
        return value
    try:
        if "float" in value:
            return float.fromhex(value["float"])
        if "array" in value:
            numbers = [float.fromhex(one) if isinstance(one, str) else one for one in value["array"]]
            return np.array(numbers, dtype=np.dtype(str(value["dtype"]))).reshape(value["shape"])[()]
        if "dict" in value:
            return {str(key): decoded(item) for key, item in value["dict"]}
        if "list" in value:
            return [decoded(item) for item in value["list"]]
        if "tuple" in value:
            return tuple(decoded(item) for item in value["tuple"])
    except (TypeError, ValueError, KeyError, OverflowError) as error:
        raise StudentError(f"The code gave nothing that can be read: {error}") from None
    return value.get("text")


if __name__ == "__main__":
    sys.exit(main(sys.stdin, sys.stdout))
