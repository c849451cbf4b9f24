"""Inner loops over the cells of a mesh, compiled by numba: one pass, in the cache, where NumPy makes a dozen.

Meshes can be moved without numba, as in a Python that has dolfinx and little else; only the network needs it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt

from simulate.mesh_movement.checks import BoolArray, FloatArray, IntArray

try:
    import numba
except ImportError:
    numba = None

#: Whether loops are compiled; as they stand they are slower than NumPy.
COMPILED = numba is not None
F = TypeVar("F", bound=Callable[..., Any])
#: Of 32 or 64 bits.
Real = TypeVar("Real", np.float32, np.float64)


def compiled(function: F) -> F:
    """``function`` compiled on its first call, once on a machine; sums may be reordered and divisions by zero are not
    errors, so that loops are in lanes. As it is without numba."""
    if numba is None:
        return function
    fast = {"reassoc", "contract", "nsz"}
    wrapped: Any = numba.njit(cache=True, nogil=True, error_model="numpy", fastmath=fast)(function)
    return cast(F, wrapped)


@compiled
def triangle_determinants(points: FloatArray, cells: IntArray) -> FloatArray:
    """``(c,)`` twice the signed areas of ``cells (c, 3)`` of ``points (n, 2)``."""
    result = np.empty(len(cells))
    for c in range(len(cells)):
        i, j, k = cells[c, 0], cells[c, 1], cells[c, 2]
        x, y = points[i, 0], points[i, 1]
        result[c] = (points[j, 0] - x) * (points[k, 1] - y) - (points[k, 0] - x) * (points[j, 1] - y)
    return result


@compiled
def corner_means(nodal: FloatArray, cells: IntArray) -> FloatArray:
    """``(c,)`` means of ``nodal (n,)`` over the corners of ``cells (c, k)``."""
    result = np.empty(len(cells))
    corners = cells.shape[1]
    for c in range(len(cells)):
        total = 0.0
        for k in range(corners):
            total += nodal[cells[c, k]]
        result[c] = total / corners
    return result


@compiled
def node_sums(per_cell: npt.NDArray[Real], cells: IntArray, n: int) -> npt.NDArray[Real]:
    """``(n,)`` sums over the cells of each node, of ``cells (c, k)``, of ``per_cell (c,)``."""
    result = np.zeros(n, dtype=per_cell.dtype)
    for c in range(len(cells)):
        for k in range(cells.shape[1]):
            result[cells[c, k]] += per_cell[c]
    return result


@compiled
def triangle_cosines(points: FloatArray, cells: IntArray) -> tuple[float, float]:
    """Least and greatest cosine of the angles of the triangles ``cells (c, 3)``; an edge without length is at right
    angles to all."""
    least, most = 1.0, -1.0
    for c in range(len(cells)):
        i, j, k = cells[c, 0], cells[c, 1], cells[c, 2]
        ax, ay = points[k, 0] - points[j, 0], points[k, 1] - points[j, 1]
        bx, by = points[i, 0] - points[k, 0], points[i, 1] - points[k, 1]
        cx, cy = points[j, 0] - points[i, 0], points[j, 1] - points[i, 1]
        tiny = 2.0**-1022
        a = 1 / max(np.sqrt(ax * ax + ay * ay), tiny)
        b = 1 / max(np.sqrt(bx * bx + by * by), tiny)
        d = 1 / max(np.sqrt(cx * cx + cy * cy), tiny)
        first, second, third = -(ax * bx + ay * by) * a * b, -(bx * cx + by * cy) * b * d, -(cx * ax + cy * ay) * d * a
        least = min(least, first, second, third)
        most = max(most, first, second, third)
    return least, most


@compiled
def doubtful_triangles(
    start: FloatArray, points: FloatArray, wished: FloatArray, share: FloatArray, cells: IntArray, floor: float
) -> BoolArray:
    """``(c,)`` which of ``cells (c, 3)`` may be unsound, see `simulate.mesh_movement.limiter`: on the way from
    ``start (n, 2)`` by ``share (n,)`` of what is ``wished (n, 2)`` a coefficient, in the Bernstein basis, of the
    determinant less ``floor`` times the first is not positive, or the determinant at ``points (n, 2)`` is too small."""
    result = np.empty(len(cells), dtype=np.bool_)
    for c in range(len(cells)):
        i, j, k = cells[c, 0], cells[c, 1], cells[c, 2]
        ax, ay = start[j, 0] - start[i, 0], start[j, 1] - start[i, 1]
        bx, by = start[k, 0] - start[i, 0], start[k, 1] - start[i, 1]
        x, y = share[i] * wished[i, 0], share[i] * wished[i, 1]
        ux, uy = share[j] * wished[j, 0] - x, share[j] * wished[j, 1] - y
        vx, vy = share[k] * wished[k, 0] - x, share[k] * wished[k, 1] - y
        whole = ax * by - bx * ay
        least = floor * whole
        low = whole - least
        slope = (ax * vy - vx * ay) + (ux * by - bx * uy)
        x, y = points[i, 0], points[i, 1]
        now = (points[j, 0] - x) * (points[k, 1] - y) - (points[k, 0] - x) * (points[j, 1] - y)
        end = low + slope + (ux * vy - vx * uy)
        result[c] = not (low > 0 and low + slope / 2 > 0 and end > 0 and now >= least)
    return result
