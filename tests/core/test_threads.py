"""Several threads and processes at work at once: nobody sees the others' traces, and nothing is left behind."""

from __future__ import annotations

import concurrent.futures
import gc
import multiprocessing
import os
import sys
import threading

import numpy as np
import pytest

import graphviz_ad as gad

TIMES = 50


def affine(x):
    return np.sum(x * 3.0 + 1.0)


def cubic(x):
    u = x * x
    return np.sum(u * x)


def branching(x):
    total = 0.0
    for item in x:
        total = total + (item * 2 if item > 1.5 else item * item)
    return total


def network(x):
    W = np.outer(x, x)
    return np.sum(np.tanh(W @ x))


def nested(x):
    return np.sum(gad.grad(cubic)(x) * x)


def selecting(x):
    return np.max(x) * np.sum(x[x > 1.0])


def loops(x):
    for _ in range(20):
        x = np.sin(x) + x
    return np.sum(x)


def failing(x):
    y = x * 2
    raise KeyError(f"{y.shape}")


FUNCTIONS = (affine, cubic, branching, network, nested, selecting, loops, failing)
X = np.array([0.5, 1.25, 2.0])


def everything(f):
    """What the transformations and a trace say about one function."""
    if f is failing:
        for call in (gad.grad(f), gad.hessian(f), lambda x: gad.trace(f, x)):
            with pytest.raises(KeyError) as caught:
                call(X)
        return [caught.value.graph.names]
    graph = gad.trace(f, X)
    names = (graph.names, [guard.value for guard in graph.tables.guards])
    numbers = [gad.grad(f)(X), gad.hessian(f)(X), gad.jvp(f, (X,), (np.ones(3),))[1], graph.inputs[0].adjoint]
    return [names, *(np.asarray(number).tolist() for number in numbers)]


@pytest.fixture
def quick_switches():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("quick_switches")
def test_eight_threads_trace_and_differentiate_different_functions_at_once() -> None:
    alone = {f: everything(f) for f in FUNCTIONS}
    threshold = gc.get_threshold()
    start = threading.Barrier(len(FUNCTIONS))

    def work(f):
        start.wait()
        return [everything(f) == alone[f] for _ in range(TIMES)]

    with concurrent.futures.ThreadPoolExecutor(len(FUNCTIONS)) as pool:
        results = list(pool.map(work, FUNCTIONS))
    assert results == [[True] * TIMES] * len(FUNCTIONS)
    assert gc.get_threshold() == threshold


@pytest.mark.usefixtures("quick_switches")
def test_threads_may_share_variables_and_graphs() -> None:
    w = gad.variable(2.0, name="w")
    graph = gad.trace(cubic, X)

    def work(number):
        z = w * float(number)
        again = graph.evaluate(x=X * number)
        return gad.graph(z)["w"].adjoint, again.inputs[0].adjoint.tolist(), graph.inputs[0].adjoint.tolist()

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        found = list(pool.map(work, range(1, 101)))
    assert found == [(n, (3 * (X * n) ** 2).tolist(), (3 * X * X).tolist()) for n in range(1, 101)]


def test_a_trace_in_the_middle_of_another_threads_trace() -> None:
    ready, done = threading.Event(), threading.Event()

    def slow(x):
        y = x * 2
        ready.set()
        assert done.wait(30)
        return y * x

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(gad.trace, slow, 3.0)
        assert ready.wait(30)
        graph = gad.trace(lambda a: a * a, 5.0)
        done.set()
        other = waiting.result(30)
    assert (graph.names, graph["a"].adjoint) == (("a", "out"), 10.0)
    assert (other.names, other["x"].adjoint) == (("x", "c1", "y", "out"), 12.0)


def test_a_value_handed_to_another_thread_is_traced_on() -> None:
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        graph = gad.trace(lambda x: pool.submit(lambda y: np.sin(y) * 2, x).result(30) * x, 1.0)
        assert gad.grad(lambda x: pool.submit(lambda y: y * y, x).result(30))(3.0) == 6.0
    assert graph["x"].adjoint == pytest.approx(2 * np.sin(1) + 2 * np.cos(1))


@pytest.mark.parametrize("call", [gad.grad(failing), gad.hessian(failing), lambda x: gad.trace(failing, x)])
def test_the_collectors_threshold_comes_back_after_errors_in_threads(call) -> None:
    before = gc.get_threshold()
    inside = []

    def watching(x):
        inside.append(gc.get_threshold()[0])
        return np.sum(x)

    def work(number):
        if number % 2:
            return gad.grad(watching)(X)
        with pytest.raises(KeyError):
            call(X)
        return None

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(80)))
    assert gc.get_threshold() == before
    assert set(inside) != {before[0]}  # it was raised while functions ran


def test_a_threshold_that_the_user_sets_meanwhile_stays() -> None:
    before = gc.get_threshold()

    def f(x):
        gc.set_threshold(1234, 7, 7)
        return x * 2

    try:
        gad.grad(f)(2.0)
        assert gc.get_threshold() == (1234, 7, 7)
    finally:
        gc.set_threshold(*before)


# -- processes -------------------------------------------------------------------------------------

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


def in_a_fork(work):
    """What a forked child computes, as text; the child does nothing else."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(write, repr(work()).encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as answer:
        text = answer.read().decode()
    os.waitpid(child, 0)
    return text


@needs_fork
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_computes_the_same() -> None:
    def work():
        return [everything(f) for f in FUNCTIONS]

    expected = repr(work())
    assert in_a_fork(work) == expected
    graph = gad.trace(network, X)
    assert in_a_fork(lambda: graph.inputs[0].adjoint.tolist()) == repr(graph.inputs[0].adjoint.tolist())


@needs_fork
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_fork_in_the_middle_of_a_function() -> None:
    threshold = gc.get_threshold()
    answers = []

    def f(x):
        y = x * x
        answers.append(in_a_fork(lambda: (gad.grad(cubic)(X).tolist(), f"{y:.1f}")))
        return y * x

    assert gad.grad(f)(2.0) == 12.0
    assert gad.trace(f, 2.0)["x"].adjoint == 12.0
    assert answers == [repr((gad.grad(cubic)(X).tolist(), "4.0"))] * 2
    assert gc.get_threshold() == threshold


def slope_at(number):
    return gad.grad(cubic)(X * number).tolist()


@needs_fork
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_multiprocessing_with_fork() -> None:
    gad.grad(cubic)(X)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        found = pool.map(slope_at, range(6))
    assert found == [slope_at(number) for number in range(6)]


def test_an_inner_derivative_leaves_the_outer_ones_threshold() -> None:
    before = gc.get_threshold()
    seen = []

    def f(x):
        inner = gad.grad(lambda y: y * y)(x)
        seen.append(gc.get_threshold()[0])
        return inner * x

    assert gad.grad(f)(3.0) == 12.0
    assert seen[0] > before[0]
    assert gc.get_threshold() == before
