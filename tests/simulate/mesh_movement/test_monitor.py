"""Monitors have the values their formulas say, and refuse what is not a monitor."""

from __future__ import annotations

import numpy as np
import pytest

from simulate.mesh_movement import monitor


def test_monitors_of_a_place():
    points = np.array([[0.5, 0.5], [0.9, 0.5], [0.5, 0.1]])
    np.testing.assert_allclose(monitor.constant(3)(points), 3)
    np.testing.assert_allclose(monitor.ring((0.5, 0.5), 0.4, strength=7, width=50)(points), [1, 8, 8], atol=1e-4)
    np.testing.assert_allclose(monitor.ball((0.5, 0.5), 0.4, strength=4)(points), [5, 1 + 4 / np.e, 1 + 4 / np.e])
    far = monitor.ring((0, 0), 1, width=1e6)(np.array([[1e6, 1e6]]))
    assert far.tolist() == [1]


def test_monitors_of_a_solution(arrays):
    points, cells = arrays("square", 16)
    x = points[:, 0]
    np.testing.assert_allclose(monitor.gradient(points, cells, 2 * x + 1, strength=3), 4)
    np.testing.assert_allclose(monitor.arc_length(points, cells, 2 * x, strength=3), np.sqrt(10))
    np.testing.assert_allclose(monitor.hessian(points, cells, np.zeros(len(points))), 1)
    steep = monitor.gradient(points, cells, x**2, recovery="zz")
    np.testing.assert_allclose(steep, 1 + 5 * x**2, atol=0.02)
    front = monitor.hessian(points, cells, np.tanh(20 * (x - 0.5)))
    assert np.abs(x[front.argmax()] - 0.5) < 0.1 and front.min() == pytest.approx(1, abs=0.05)
    assert front.max() == pytest.approx(6)


def test_combinations(arrays):
    one, other = monitor.ball((0.2, 0.2), 0.1, 3), monitor.ball((0.8, 0.8), 0.1, 5)
    points, _ = arrays("square", 5)
    a, b = one(points), other(points)
    np.testing.assert_allclose(monitor.combined(one, other)(points), a + b - 1)
    np.testing.assert_allclose(monitor.combined(a, b, how="max"), np.maximum(a, b))
    np.testing.assert_allclose(monitor.combined(a, b, how="product"), a * b)


def test_normalised_has_mean_one(arrays):
    points, cells = arrays("cube", 3)
    values = monitor.normalised(monitor.ball((0, 0, 0), 0.5)(points), points, cells)
    mean = sum(np.abs(np.linalg.det(points[c[1:]] - points[c[0]])) / 6 * values[c].mean() for c in cells)
    assert mean == pytest.approx(1)


def test_clipped():
    assert monitor.clipped([2, 4, 100], most=10).tolist() == [2, 4, 20]
    assert monitor.clipped([2, 4, 100], most=10, least=1.5).tolist() == [3, 4, 20]


def test_smoothing_keeps_the_integral_and_lowers_the_steps(mesh):
    one = mesh("square", 20)
    step = np.where(one.points[:, 0] > 0.5, 100.0, 1.0)
    smooth = monitor.smoothed(step, one.points, one.cells, 0.1)
    assert one.node_volumes @ smooth == pytest.approx(one.node_volumes @ step)
    assert smooth.min() > 1 and smooth.max() < 100
    steepest = np.abs(np.diff(smooth[::21])).max()
    # Of the exact solution the slope at the step is half of it over the length.
    assert steepest == pytest.approx(99 / 2 / 0.1 * 0.05, rel=0.3)
    np.testing.assert_array_equal(monitor.smoothed(step, one.points, one.cells, 0), step)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda p, c: monitor.constant(0), ["value is 0", "> 0"]),
        (lambda p, c: monitor.ring((0, 0), -1), ["radius is -1", "> 0"]),
        (lambda p, c: monitor.ball((0, np.nan), 1), ["centre", "nan"]),
        (lambda p, c: monitor.ball((0, 0), 1, strength=-2), ["strength is -2", ">= 0"]),
        (lambda p, c: monitor.hessian(p, c, [1, 2]), ["values has 2 numbers", "9"]),
        (lambda p, c: monitor.hessian(p, c, np.full(9, np.inf)), ["values of node 0", "inf"]),
        (lambda p, c: monitor.combined(), ["monitors", "at least 1"]),
        (lambda p, c: monitor.combined(np.ones(3), monitor.constant()), ["monitors", "1 callables of 2"]),
        (lambda p, c: monitor.combined(np.ones(3), how="mean"), ["how is 'mean'", "'max'"]),
        (lambda p, c: monitor.clipped([1, 2], most=0.5), ["most is 0.5", ">= least"]),
        (lambda p, c: monitor.smoothed(np.zeros(9), p, c, 1), ["monitor at node 0 is 0", "> 0"]),
        (lambda p, c: monitor.smoothed(np.ones(9), p, c, -1), ["length is -1", ">= 0"]),
    ],
)
def test_wrong_use_is_refused(arrays, refused, call, words):
    with refused(*words):
        call(*arrays("square", 2))
