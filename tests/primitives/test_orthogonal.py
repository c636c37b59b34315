"""QR factors: every mode and shape, in both modes of differentiation and to second order."""

from __future__ import annotations

import json

import numpy as np
import pytest

import graphviz_ad as gad
from tests.primitives.derivatives import check
from tests.torched import torch

RNG = np.random.default_rng(0)


def matrix(*shape):
    return np.random.default_rng(3).normal(size=shape) + 2.0 * np.eye(shape[-2], shape[-1])


@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (3, 2), (4, 2), (2, 3), (2, 4), (1, 3), (2, 3, 2), (2, 2, 3)])
def test_reduced(shape) -> None:
    a = matrix(*shape)
    for part in (0, 1):
        check(lambda a, p=part: np.linalg.qr(a)[p], a)
    check(lambda a: np.linalg.qr(a, mode="r"), a)


@pytest.mark.parametrize("shape", [(3, 3), (3, 2), (2, 3), (2, 3, 2)])
def test_complete(shape) -> None:
    a = matrix(*shape)
    for part in (0, 1):
        check(lambda a, p=part: np.linalg.qr(a, "complete")[p], a)


@pytest.mark.parametrize("shape", [(4, 2), (5, 2)])
def test_complete_with_several_further_columns(shape) -> None:
    a = matrix(*shape)
    check(lambda a: np.linalg.qr(a, "complete").R, a)
    check(lambda a: np.linalg.qr(a, "complete").Q[:, :2], a)

    def rest(a):
        further = np.linalg.qr(a, "complete").Q[:, 2:]
        return further @ further.T

    check(rest, a)
    closed = gad.jacobian(lambda a: np.eye(len(a)) - a @ np.linalg.inv(a.T @ a) @ a.T)(a)
    np.testing.assert_allclose(gad.jacobian(rest)(a), closed, atol=1e-12)
    with pytest.raises(gad.UnsupportedError, match=r"arbitrary basis.*np\.linalg\.qr\(a\)"):
        gad.grad(lambda a: np.sum(RNG.normal(size=shape[0]) * np.linalg.qr(a, "complete")[0]))(a)


@pytest.mark.parametrize("shape", [(3, 3), (4, 2), (2, 4)])
def test_against_torch(shape) -> None:
    x = matrix(*shape)
    weights = RNG.normal(size=(*shape[:1], min(shape)))

    def ours(x):
        q, r = np.linalg.qr(x)
        return np.sum(weights * q) + np.sum(np.sin(r))

    def theirs(x):
        q, r = torch.linalg.qr(x)
        return (torch.tensor(weights) * q).sum() + torch.sin(r).sum()

    tensor = torch.tensor(x)
    np.testing.assert_allclose(
        gad.grad(ours)(x), torch.autograd.functional.jacobian(theirs, tensor).numpy(), rtol=1e-10, atol=1e-12
    )
    if shape[0] >= shape[1]:
        np.testing.assert_allclose(
            gad.hessian(ours)(x), torch.autograd.functional.hessian(theirs, tensor).numpy(), rtol=1e-8, atol=1e-10
        )


def test_the_product_of_the_factors_is_the_matrix() -> None:
    for shape in [(3, 3), (4, 2), (2, 4)]:
        a = matrix(*shape)

        def product(a):
            q, r = np.linalg.qr(a)
            return q @ r

        size = a.size
        np.testing.assert_allclose(gad.jacobian(product)(a).reshape(size, size), np.eye(size), atol=1e-13)


def test_numpys_own_tuple_and_graphs() -> None:
    a = matrix(3, 2)
    kinds = []

    def f(a):
        result = np.linalg.qr(a, "complete")
        kinds.append(type(result))
        return np.sum(result.R) + np.sum(np.linalg.qr(a, "r")) + np.sum(result.Q**2)

    graph = gad.trace(f, a)
    assert kinds == [type(np.linalg.qr(np.eye(1)))]
    assert [node.primitive.name for node in graph.nodes if node.primitive][:2] == ["qr_q", "qr_r"]
    again = gad.Graph.from_dict(json.loads(json.dumps(graph.to_dict())))
    np.testing.assert_array_equal(again.evaluate(a=2 * a + 1).outputs[0].value, f(2 * a + 1))


@pytest.mark.parametrize("shape", [(0, 0), (0, 2), (2, 0), (0, 2, 2)])
@pytest.mark.parametrize("part", [0, 1])
def test_empty_matrices(shape, part) -> None:
    a = np.zeros(shape)
    np.testing.assert_array_equal(gad.grad(lambda a: np.sum(np.linalg.qr(a)[part]))(a), a)


def test_float32_stays() -> None:
    a = matrix(3, 2)
    for part in (0, 1):
        slope = gad.grad(lambda a, p=part: np.sum(np.linalg.qr(a)[p]))(a.astype(np.float32))
        assert slope.dtype == np.float32
        np.testing.assert_allclose(
            slope, gad.grad(lambda a, p=part: np.sum(np.linalg.qr(a)[p]))(a), rtol=1e-4, atol=1e-6
        )


@pytest.mark.parametrize("part", [0, 1])
def test_dependent_columns_are_an_error(part) -> None:
    a = np.array([[1.0, 2.0, 0.0], [2.0, 4.0, 1.0], [3.0, 6.0, 5.0]])
    with pytest.raises(gad.ArgumentError, match=r"first 3 columns are linearly dependent at line .*np\.linalg\.svd"):
        gad.grad(lambda a: np.sum(np.linalg.qr(a)[part]))(a)


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda x: np.linalg.qr(x, "raw"), gad.UnsupportedError, "mode='raw'.*'reduced', 'complete' or 'r'"),
        (lambda x: np.linalg.qr(x, "what"), ValueError, "Unrecognized mode 'what'"),
        (lambda x: np.linalg.qr(x[0]), np.linalg.LinAlgError, "dimensional"),
    ],
)
def test_errors(call, kind, words) -> None:
    with pytest.raises(kind, match=words):
        gad.trace(call, np.ones((2, 3)))
