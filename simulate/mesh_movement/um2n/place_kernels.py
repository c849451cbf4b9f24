"""From the background grid to the nodes of a mesh and, for training, back; compiled by numba."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from simulate.mesh_movement.checks import FloatArray
from simulate.mesh_movement.kernels import Real, compiled
from simulate.mesh_movement.um2n.grid_kernels import Layout, between


@compiled
def at_places(layout: Layout, points: FloatArray, values: npt.NDArray[Real]) -> npt.NDArray[Real]:
    """``(n, k)`` what ``values (g, k)`` at the squares are at ``points (n, 2)``, bilinear as `value_at`."""
    nearest = layout.nearest
    p, q = nearest.shape
    result = np.empty((len(points), values.shape[1]), dtype=values.dtype)
    for n in range(len(points)):
        i, f = between((points[n, 0] - layout.low[0]) / layout.step[0] - 0.5, p - 1)
        j, g = between((points[n, 1] - layout.low[1]) / layout.step[1] - 0.5, q - 1)
        a, b, c, d = nearest[i, j], nearest[i, j + 1], nearest[i + 1, j], nearest[i + 1, j + 1]
        wa, wb = values.dtype.type((1 - f) * (1 - g)), values.dtype.type((1 - f) * g)
        wc, wd = values.dtype.type(f * (1 - g)), values.dtype.type(f * g)
        for k in range(values.shape[1]):
            result[n, k] = wa * values[a, k] + wb * values[b, k] + wc * values[c, k] + wd * values[d, k]
    return result


@compiled
def from_places(layout: Layout, points: FloatArray, pull: npt.NDArray[Real]) -> npt.NDArray[Real]:
    """``(g, k)`` the transpose of `at_places` of ``pull (n, k)``."""
    nearest = layout.nearest
    p, q = nearest.shape
    result = np.zeros((len(layout.squares), pull.shape[1]), dtype=pull.dtype)
    for n in range(len(points)):
        i, f = between((points[n, 0] - layout.low[0]) / layout.step[0] - 0.5, p - 1)
        j, g = between((points[n, 1] - layout.low[1]) / layout.step[1] - 0.5, q - 1)
        for k in range(pull.shape[1]):
            result[nearest[i, j], k] += (1 - f) * (1 - g) * pull[n, k]
            result[nearest[i, j + 1], k] += (1 - f) * g * pull[n, k]
            result[nearest[i + 1, j], k] += f * (1 - g) * pull[n, k]
            result[nearest[i + 1, j + 1], k] += f * g * pull[n, k]
    return result


@compiled
def combined(
    layout: Layout, points: FloatArray, weights: npt.NDArray[Real], x: npt.NDArray[Real], y: npt.NDArray[Real]
) -> npt.NDArray[Real]:
    """``(n, 2)`` at ``points (n, 2)``: vectors of which ``x (p + 1, q, k)`` and ``y (p, q + 1, k)`` are the components
    on the sides, summed by ``weights (g, k)`` at the squares, of both squares of a side alike, and interpolated."""
    number = layout.number
    p, q = number.shape
    x_sum, y_sum = np.zeros((p + 1, q)), np.zeros((p, q + 1))
    for s in range(len(layout.squares)):
        i, j = layout.squares[s]
        for k in range(weights.shape[1]):
            half = weights[s, k] / 2
            # Where there is no square beyond a side its vectors are zero.
            x_sum[i, j] += half * x[i, j, k]
            x_sum[i + 1, j] += half * x[i + 1, j, k]
            y_sum[i, j] += half * y[i, j, k]
            y_sum[i, j + 1] += half * y[i, j + 1, k]
    result = np.empty((len(points), 2), dtype=weights.dtype)
    for n in range(len(points)):
        u, v = (points[n, 0] - layout.low[0]) / layout.step[0], (points[n, 1] - layout.low[1]) / layout.step[1]
        i, f = between(u, p)
        j, g = between(v - 0.5, q - 1)
        before = (1 - g) * x_sum[i, j] + g * x_sum[i, j + 1]
        result[n, 0] = (1 - f) * before + f * ((1 - g) * x_sum[i + 1, j] + g * x_sum[i + 1, j + 1])
        i, f = between(u - 0.5, p - 1)
        j, g = between(v, q)
        before = (1 - g) * y_sum[i, j] + g * y_sum[i, j + 1]
        result[n, 1] = (1 - f) * before + f * ((1 - g) * y_sum[i + 1, j] + g * y_sum[i + 1, j + 1])
    return result


@compiled
def combined_pull(
    layout: Layout, points: FloatArray, pull: npt.NDArray[Real], x: npt.NDArray[Real], y: npt.NDArray[Real]
) -> npt.NDArray[Real]:
    """``(g, k)`` what ``pull (n, 2)`` on the result of `combined` is on its weights."""
    p, q = layout.number.shape
    x_sum, y_sum = np.zeros((p + 1, q)), np.zeros((p, q + 1))
    for n in range(len(points)):
        u, v = (points[n, 0] - layout.low[0]) / layout.step[0], (points[n, 1] - layout.low[1]) / layout.step[1]
        i, f = between(u, p)
        j, g = between(v - 0.5, q - 1)
        x_sum[i, j] += (1 - f) * (1 - g) * pull[n, 0]
        x_sum[i, j + 1] += (1 - f) * g * pull[n, 0]
        x_sum[i + 1, j] += f * (1 - g) * pull[n, 0]
        x_sum[i + 1, j + 1] += f * g * pull[n, 0]
        i, f = between(u - 0.5, p - 1)
        j, g = between(v, q)
        y_sum[i, j] += (1 - f) * (1 - g) * pull[n, 1]
        y_sum[i, j + 1] += (1 - f) * g * pull[n, 1]
        y_sum[i + 1, j] += f * (1 - g) * pull[n, 1]
        y_sum[i + 1, j + 1] += f * g * pull[n, 1]
    result = np.empty((len(layout.squares), x.shape[2]), dtype=pull.dtype)
    for s in range(len(result)):
        i, j = layout.squares[s]
        for k in range(x.shape[2]):
            along_x = x_sum[i, j] * x[i, j, k] + x_sum[i + 1, j] * x[i + 1, j, k]
            along_y = y_sum[i, j] * y[i, j, k] + y_sum[i, j + 1] * y[i, j + 1, k]
            result[s, k] = (along_x + along_y) / 2
    return result
