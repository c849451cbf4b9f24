"""The monitor as the movers see it: a positive function of points, whatever the user gave."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from simulate.mesh_movement.checks import FloatArray
from simulate.mesh_movement.interpolation import PointLocator
from simulate.mesh_movement.meshes import SimplexMesh

Monitor = npt.ArrayLike | Callable[[FloatArray], npt.ArrayLike]


class Field(Protocol):
    """A positive function of points ``(p, d)``."""

    def values(self, points: FloatArray) -> FloatArray:
        """``(p,)`` values."""

    def slopes(self, points: FloatArray) -> FloatArray:
        """``(p, d)`` gradients."""


def as_field(monitor: Monitor, mesh: SimplexMesh, locator: PointLocator) -> Field:
    """The field of ``monitor``, values ``(n,)`` at the nodes of ``mesh`` or a callable of points.

    Raises `ValueError` where it is of another shape, not finite or not > 0.
    """
    if callable(monitor):
        return _FunctionField(monitor, mesh)
    return _NodalField(checked_monitor(monitor, mesh.n), locator)


class _FunctionField:
    """Of a callable; the gradient by differences over a small share of the mesh size, in the box around the mesh."""

    def __init__(self, function: Callable[[FloatArray], Any], mesh: SimplexMesh) -> None:
        self._function = function
        self._step = 1e-4 * float(mesh.sizes.min())
        self._low, self._high = mesh.box

    def values(self, points: FloatArray) -> FloatArray:
        return checked_monitor(self._function(points.copy()), len(points))

    def slopes(self, points: FloatArray) -> FloatArray:
        result = np.empty_like(points)
        for axis in range(points.shape[1]):
            above, below = points.copy(), points.copy()
            above[:, axis] = np.minimum(points[:, axis] + self._step, np.maximum(points[:, axis], self._high[axis]))
            below[:, axis] = np.maximum(points[:, axis] - self._step, np.minimum(points[:, axis], self._low[axis]))
            rise = self.values(above) - self.values(below)
            result[:, axis] = rise / (above[:, axis] - below[:, axis])
        return result


class _NodalField:
    """Of values at the nodes, linear in each cell of the mesh at the start."""

    def __init__(self, nodal: FloatArray, locator: PointLocator) -> None:
        self._nodal, self._locator, self._mesh = nodal, locator, locator.mesh

    def values(self, points: FloatArray) -> FloatArray:
        cells, weights = self._locator.locate(points)
        result: FloatArray = (weights * self._nodal[self._mesh.cells[cells]]).sum(axis=1)
        return result

    def slopes(self, points: FloatArray) -> FloatArray:
        cells, _ = self._locator.locate(points)
        slopes: FloatArray = np.einsum("pkd,pk->pd", self._mesh.gradients[cells], self._nodal[self._mesh.cells[cells]])
        return slopes


def checked_monitor(monitor: Any, n: int) -> FloatArray:
    """``monitor`` as ``(n,)`` finite floats > 0; else `ValueError` that names the first node at fault."""
    try:
        values = np.asarray(monitor)
    except ValueError:
        raise ValueError("monitor is ragged, must be one number a node") from None
    if values.shape == (n, 1):
        values = values[:, 0]
    if values.dtype.kind not in "iuf" or values.shape != (n,):
        raise ValueError(
            f"monitor has the type {values.dtype} and shape {values.shape}, must be {n} real numbers, one a point"
        )
    values = values.astype(float)
    bad = np.flatnonzero(~(np.isfinite(values) & (values > 0)))
    if bad.size:
        raise ValueError(
            f"monitor at node {bad[0]} is {values[bad[0]]}, must be finite and > 0 ({bad.size} such nodes)"
        )
    return values
