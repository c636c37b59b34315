"""`with gad.scope(...)` and calls give groups; a derivative's nodes know their role and order."""

from __future__ import annotations

import gc
import threading
import weakref

import numpy as np
import pytest

import graphviz_ad as gad


def groups(graph: gad.Graph) -> dict[str, str | None]:
    return {node.name: node.group for node in graph if node.primitive is not None}


def dense(x, w):
    with gad.scope("affine"):
        z = x * w
        z = z + 1.0
    return np.tanh(z)


def test_scopes_and_calls_nest_in_the_order_in_which_they_were_entered() -> None:
    def f(x):
        for _ in range(2):
            with gad.scope("block"):
                a = x + 1.0
                with gad.scope("inner"):
                    x = dense(a, 2.0)
        out = x * 3.0
        return out

    found = groups(gad.trace(f, 1.0))
    assert found["a"] == "block"
    assert found["z"] == "block/inner/dense/affine"
    assert found["x_2"] == "block/inner/dense"
    assert found["a_2"] == "block_2"
    assert found["z_4"] == "block_2/inner_2/dense_2/affine_2"
    assert found["out"] is None


def test_names_and_places_are_as_without_the_scope() -> None:
    def f(x):
        with gad.scope("s"):
            h = np.sin(x)
            return dense(h, 2.0)

    graph = gad.trace(f, 1.0)
    assert [node.name for node in graph if node.primitive] == ["h", "z", "z_2", "out"]
    assert graph["h"].source.text == "np.sin(x)"
    assert graph["out"].source.text == "np.tanh(z)"


def test_a_scope_in_a_callee_before_its_first_node() -> None:
    def helper(x):
        with gad.scope("outer"):
            return dense(x, 2.0)

    graph = gad.trace(lambda x: helper(x) + 1.0, 0.5)
    assert {node.group for node in graph if node.primitive} == {"helper/outer/dense/affine", "helper/outer/dense", None}


def test_the_imperative_style_has_scopes_too() -> None:
    x = gad.variable(1.0, name="x")
    with gad.scope("a"):
        y = x * 2.0
        with gad.scope("b"):
            z = y * 3.0
    w = z + 1.0
    assert [node.group for node in gad.graph(w) if node.primitive] == ["a", "a/b", None]


def test_a_slash_makes_a_group_inside_a_group() -> None:
    def f(x):
        with gad.scope("encoder/layer 1"):
            return x * 2.0

    assert gad.trace(f, 1.0)["out"].group == "encoder/layer 1"


@pytest.mark.parametrize("name", ["", "  ", "a//b", "/", None, 3, b"a"])
def test_a_scope_needs_a_name(name: object) -> None:
    with pytest.raises(gad.ArgumentError, match=r"gad\.scope needs a name"):
        gad.scope(name)  # type: ignore[arg-type]


def test_an_exception_closes_the_scope_and_one_scope_can_be_entered_again() -> None:
    again = gad.scope("again")

    def f(x):
        with pytest.raises(ZeroDivisionError), gad.scope("left early"):
            raise ZeroDivisionError
        with again:
            x = x * 2.0
            with again:
                x = x * 3.0
        return x + 1.0

    found = gad.trace(f, 1.0)
    assert [node.group for node in found if node.primitive] == ["again", "again/again_2", None]


def test_a_scope_left_open_by_a_generator_belongs_to_its_own_call_only() -> None:
    def steps(x):
        with gad.scope("generator"):
            yield x * 2.0
            yield x * 3.0

    def f(x):
        made = steps(x)
        a = next(made)
        b = a + 1.0
        return b * next(made)

    found = [node.group for node in gad.trace(f, 1.0) if node.primitive]
    assert found == ["steps/generator", None, "steps/generator", None]
    plain = gad.trace(lambda x: x * 2.0, 1.0)
    assert plain["out"].group is None  # the generator was never closed, and is nobody else's scope


def test_a_generator_may_be_closed_by_another_thread() -> None:
    def steps(x):
        with gad.scope("generator"):
            yield x * 2.0

    made = steps(gad.variable(1.0, name="x"))
    thread = threading.Thread(target=lambda: next(made))
    thread.start()
    thread.join()
    made.close()
    assert gad.graph(gad.variable(1.0, name="x") * 2.0).outputs[0].group is None


def test_a_scope_that_has_ended_holds_nothing_of_its_call() -> None:
    class Large:
        pass

    seen: list[weakref.ref[Large]] = []

    def f():
        local = Large()
        seen.append(weakref.ref(local))
        x = gad.variable(1.0, name="x")
        with gad.scope("s"):
            return x * 2.0

    result = f()
    gc.collect()
    assert seen[0]() is None
    assert gad.graph(result).outputs[0].group == "s"


def test_threads_do_not_see_each_others_scopes() -> None:
    opened, looked = threading.Event(), threading.Event()
    seen: list[str | None] = []

    def other() -> None:
        opened.wait(10)
        seen.append(gad.trace(lambda x: x * 2.0, 1.0)["out"].group)
        x = gad.variable(1.0, name="x")
        seen.append(gad.graph(x * 2.0).outputs[0].group)
        looked.set()

    thread = threading.Thread(target=other)
    thread.start()
    with gad.scope("mine"):
        opened.set()
        assert looked.wait(10)
    thread.join()
    assert seen == [None, None]


def test_outside_of_a_trace_a_scope_does_nothing() -> None:
    with gad.scope("s"):
        assert gad.grad(lambda x: x**2)(3.0) == 6.0


def test_nodes_of_a_derivative_know_role_and_order() -> None:
    graph = gad.trace(gad.grad(gad.grad(lambda x: x**3 * np.sin(x))), 1.5)
    orders = [(node.role, node.derivative_order) for node in graph if node.primitive]
    assert orders[:2] == [("", 0), ("", 0)]
    assert ("adjoint", 1) in orders
    assert orders[-1] == ("adjoint", 2)
    assert [order for _, order in orders] == sorted(order for _, order in orders)
    mixed = gad.trace(lambda x: gad.jvp(gad.grad(lambda y: y**3), (x,), (1.0,))[1], 1.5)
    assert (mixed["out"].role, mixed["out"].derivative_order) == ("tangent", 2)
    first = gad.trace(lambda x: x**4, 1.5).derivative("x")
    assert {node.derivative_order for node in first if node.primitive and node.role} == {1}
    second = first.derivative("x")
    assert second.outputs[0].derivative_order == 2
    plain = gad.trace(lambda x: x * gad.grad(lambda y: y**2)(3.0), 1.0)
    assert {node.derivative_order for node in plain} == {0}  # a number that nothing looks at is a constant


def test_two_gradients_beside_each_other_are_both_of_first_order() -> None:
    graph = gad.trace(lambda x: gad.grad(np.sin)(x) * gad.grad(np.tanh)(x), 1.0)
    assert {node.derivative_order for node in graph if node.role == "adjoint"} == {1}
    assert graph["out"].derivative_order == 0


def test_a_rule_that_differentiates_is_part_of_the_gradient_that_asked_for_it() -> None:
    def slope(adjoint, out, x):
        moved = gad.jvp(lambda y: y**3, (x,), (1.0,))[1]
        return adjoint * moved * 1.0

    graph = gad.trace(gad.grad(gad.custom(lambda x: x**3, vjp=slope)), 2.0)
    assert graph["moved"].role == "tangent"
    assert graph["out"].role == "adjoint"
    assert {node.derivative_order for node in graph if node.role in {"adjoint", "tangent"}} == {1}


def test_inputs_and_numbers_of_a_derivative_keep_their_roles() -> None:
    graph = gad.trace(gad.grad(gad.grad(lambda x: np.sin(x) ** 3)), 1.0)
    leaves = [node for node in graph if node.primitive is None]
    assert {(node.kind, node.role, node.derivative_order) for node in leaves} == {
        ("input", "input", 0),
        ("constant", "", 0),
    }
    second = gad.trace(lambda x: np.sin(x) * x**4, 1.0).derivative("x").derivative("x")
    made = {node.derivative_order for node in second if node.primitive is not None}
    assert made == {0, 1, 2}
    assert {node.derivative_order for node in second if node.kind == "constant" and not node.role} == {0}


def test_steps_of_a_gradients_own_graph_know_them_too() -> None:
    line = gad.trace(gad.grad(lambda x: x**3), 2.0).timeline()
    values = [(step.role, step.derivative_order) for step in line if step.kind == "value"]
    assert values[-1] == ("adjoint", 1)


def test_roles_orders_and_groups_survive_the_flat_form() -> None:
    def f(x):
        with gad.scope("cube"):
            y = x**3
        return y

    graph = gad.trace(gad.grad(gad.grad(f)), 2.0)
    again = gad.Graph.from_dict(graph.to_dict())
    assert [(n.role, n.derivative_order, n.group) for n in again] == [
        (n.role, n.derivative_order, n.group) for n in graph
    ]
    assert max(n.derivative_order for n in again) == 2
    broken = graph.to_dict()
    broken["nodes"][-1]["order"] = -1
    with pytest.raises(gad.ArgumentError, match=r"order"):
        gad.Graph.from_dict(broken)
