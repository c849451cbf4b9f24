"""Monitors: positive functions that are large where cells are to be small.

Those of a place are callables of points ``(p, d)``; those of a solution are ``(n,)`` values at the nodes of a mesh.
Both are what `simulate.mesh_movement.move_mesh` takes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import numpy.typing as npt

from simulate.checks import number, positive
from simulate.mesh_movement.checks import FloatArray, real_array
from simulate.mesh_movement.meshes import SimplexMesh, checked_mesh
from simulate.mesh_movement.operators import Operators
from simulate.mesh_movement.recovery import Recovery, recovered_gradient, recovered_hessian
from simulate.mesh_movement.sampling import Monitor, checked_monitor
from simulate.mesh_movement.solvers import prepared

#: Beyond this the hyperbolic secant squared is zero in double precision.
FAR = 300.0


def constant(value: float = 1.0) -> Callable[[FloatArray], FloatArray]:
    """``value`` everywhere: nothing moves."""
    level = positive("value", value)
    return lambda points: np.full(len(points), level, dtype=float)


def ring(
    centre: npt.ArrayLike, radius: float, strength: float = 20.0, width: float = 200.0
) -> Callable[[FloatArray], FloatArray]:
    """1 + strength sech^2(width (|x - centre|^2 - radius^2)): large on a circle or sphere.

    ``width`` is in 1 / length^2: the larger, the narrower the ring. ``movement`` has it as ``RingMonitorBuilder``.
    """
    middle = real_array("centre", centre, (None,))
    r, strength, width = positive("radius", radius), _strength(strength), positive("width", width)

    def monitor(points: FloatArray) -> FloatArray:
        from_ring = width * (((points - middle) ** 2).sum(axis=1) - r**2)
        crest: FloatArray = 1 + strength / np.cosh(np.clip(from_ring, -FAR, FAR)) ** 2
        return crest

    return monitor


def ball(centre: npt.ArrayLike, radius: float, strength: float = 20.0) -> Callable[[FloatArray], FloatArray]:
    """1 + strength exp(-|x - centre|^2 / radius^2): large in a disc or ball."""
    middle = real_array("centre", centre, (None,))
    r, strength = positive("radius", radius), _strength(strength)

    def monitor(points: FloatArray) -> FloatArray:
        bump: FloatArray = 1 + strength * np.exp(-((points - middle) ** 2).sum(axis=1) / r**2)
        return bump

    return monitor


def gradient(
    points: npt.ArrayLike, cells: npt.ArrayLike, values: npt.ArrayLike, strength: float = 5.0, recovery: Recovery = "l2"
) -> FloatArray:
    """``(n,)`` 1 + strength |grad u|^2 / max |grad u|^2 of nodal ``values (n,)`` of u."""
    slope = _slope_squared(points, cells, values, recovery)
    return 1 + _strength(strength) * _relative(slope)


def arc_length(
    points: npt.ArrayLike, cells: npt.ArrayLike, values: npt.ArrayLike, strength: float = 5.0, recovery: Recovery = "l2"
) -> FloatArray:
    """``(n,)`` sqrt(1 + strength^2 |grad u|^2 / max |grad u|^2): the length of the graph of u."""
    slope = _slope_squared(points, cells, values, recovery)
    length: FloatArray = np.sqrt(1 + _strength(strength) ** 2 * _relative(slope))
    return length


def hessian(
    points: npt.ArrayLike, cells: npt.ArrayLike, values: npt.ArrayLike, strength: float = 5.0, recovery: Recovery = "l2"
) -> FloatArray:
    """``(n,)`` 1 + strength |H|_F / max |H|_F, H the recovered Hessian of nodal ``values (n,)``, |.|_F Frobenius."""
    mesh = checked_mesh(points, cells)
    found = recovered_hessian(mesh, _nodal(values, mesh), recovery)
    return 1 + _strength(strength) * _relative(np.sqrt((found**2).sum(axis=(1, 2))))


def combined(*monitors: Monitor, how: Literal["sum", "product", "max"] = "sum") -> Monitor:
    """Several monitors as one, all callables or all ``(n,)`` values; the sum counts their common 1 once."""
    joins: dict[str, Callable[[FloatArray], FloatArray]] = {
        "sum": lambda stack: 1 + (stack - 1).sum(axis=0),
        "product": lambda stack: np.prod(stack, axis=0),
        "max": lambda stack: np.max(stack, axis=0),
    }
    if how not in joins:
        raise ValueError(f"how is {how!r}, must be one of {', '.join(map(repr, joins))}")
    functions = [m for m in monitors if callable(m)]
    if not monitors or len(functions) not in (0, len(monitors)):
        raise ValueError(f"monitors has {len(functions)} callables of {len(monitors)}, must be all or none, at least 1")
    join = joins[how]
    if functions:
        return lambda points: join(np.stack([np.asarray(f(points), dtype=float) for f in functions]))
    result: FloatArray = join(np.stack([real_array("monitor", m, (None,)) for m in monitors if not callable(m)]))
    return result


def normalised(monitor: npt.ArrayLike, points: npt.ArrayLike, cells: npt.ArrayLike) -> FloatArray:
    """``monitor (n,)`` scaled so that its mean over the domain is 1; the mesh moves as without."""
    mesh = checked_mesh(points, cells)
    values = checked_monitor(monitor, mesh.n)
    scaled: FloatArray = values * (mesh.volumes.sum() / float(mesh.node_volumes @ values))
    return scaled


def clipped(monitor: npt.ArrayLike, most: float, least: float = 1.0) -> FloatArray:
    """``monitor (n,)`` between ``least`` and ``most``, both in units of its smallest value."""
    values = real_array("monitor", monitor, (None,))
    checked_monitor(values, len(values))
    least = number("least", least, "a number >= 1", lambda x: x >= 1)
    most = number("most", most, f"a number >= least, {least:g}", lambda x: x >= least)
    return np.clip(values, least * values.min(), most * values.min())


def smoothed(monitor: npt.ArrayLike, points: npt.ArrayLike, cells: npt.ArrayLike, length: float) -> FloatArray:
    """``monitor (n,)`` smoothed over ``length`` (0 leaves it): the solution of s - length^2 laplacian(s) = monitor.

    Natural boundary conditions and lumped mass, with which the integral over the domain is kept, and the smallest and
    largest value are not passed on meshes without obtuse angles; elsewhere values are clipped to them.
    """
    mesh = checked_mesh(points, cells)
    values = checked_monitor(monitor, mesh.n)
    length = number("length", length, "a number >= 0", lambda x: x >= 0)
    if length == 0:
        return values
    operators = Operators(mesh)
    matrix = length**2 * operators.laplacian
    matrix.setdiag(matrix.diagonal() + mesh.node_volumes)
    smooth = prepared(matrix, mesh.dim, 1e-10)(mesh.node_volumes * values)
    return np.clip(smooth, values.min(), values.max())


def _slope_squared(
    points: npt.ArrayLike, cells: npt.ArrayLike, values: npt.ArrayLike, recovery: Recovery
) -> FloatArray:
    mesh = checked_mesh(points, cells)
    squared: FloatArray = (recovered_gradient(mesh, _nodal(values, mesh), recovery) ** 2).sum(axis=1)
    return squared


def _nodal(values: npt.ArrayLike, mesh: SimplexMesh) -> FloatArray:
    array = real_array("values", values, (None,))
    if len(array) != mesh.n:
        raise ValueError(f"values has {len(array)} numbers, must have {mesh.n}, one a node")
    return array


def _strength(strength: float) -> float:
    return number("strength", strength, "a number >= 0", lambda x: x >= 0)


def _relative(values: FloatArray) -> FloatArray:
    """Values >= 0 over their maximum; zeros stay."""
    top = float(values.max())
    return values / top if top > 0 else values
