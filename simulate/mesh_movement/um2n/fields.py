"""What the network reads and combines: vector fields that spread a monitor, and invariants of it.

All of it is made on the background grid, and vanishes for a constant monitor. The domain has the area 1 (see
`simulate.mesh_movement.um2n.prepared`), so lengths are in units of its size.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulate.mesh_movement.checks import FloatArray
from simulate.mesh_movement.um2n.background import Background

#: The relaxation of the Monge-Ampere equation on the grid: steps, share of the full step, and greatest change of the
#: second derivatives of the potential in one step.
STEPS, SHARE, CHANGE = 12, 0.7, 0.5
#: Least determinant of the map on the grid whose logarithm is taken.
LEAST = 0.05
#: A logarithm of a monitor that varies less is constant.
ROUNDING = 1e-12
#: Numbers of vector fields, and of invariants of a square; of the monitor, and of what load is left.
VECTORS, INVARIANTS = 4, 13
LOAD_VECTORS, LOAD_INVARIANTS = 2, 3

#: A vector field: its components on the sides along x and along y.
OnSides = tuple[FloatArray, FloatArray]


@dataclass(frozen=True)
class Fields:
    """On the grid: ``vectors``, each on sides; ``at_centres (g, k, 2)``, the same there; ``invariants (g, f)``.

    ``level (g,)`` is the logarithm of the monitor, averaged, less its mean, and ``spread`` its standard deviation.
    """

    vectors: tuple[OnSides, ...]
    at_centres: FloatArray
    invariants: FloatArray
    level: FloatArray
    spread: float


def monitor_fields(grid: Background, monitor: FloatArray) -> Fields:
    """Fields of nodal values ``monitor (n,)`` > 0.

    The vectors are the relaxed Monge-Ampere displacement, its first step, the step its residual asks for, and the
    gradient of the averaged logarithm over the size of a square.
    """
    level = grid.centred(grid.averaged(np.log(monitor)[grid.mesh.cells].mean(axis=1)))
    if np.ptp(level) < ROUNDING:
        level = np.zeros(grid.g)
    found = relaxed(grid, level)
    square = float(grid.step.prod())
    vectors = [grid.gradient(psi) for psi in (found.potential, found.first, found.residual_step, square * level)]
    at_centres = _at_centres(grid, vectors)
    length = np.linalg.norm(at_centres, axis=2)
    first = at_centres[:, 0]
    spread = float(np.sqrt(level**2 @ grid.volumes))
    columns = [
        level,
        found.residual,
        np.log(found.determinant),
        grid.walls(),
        *(length / (0.05 + length)).T,
        *(np.einsum("nd,nkd->nk", first, at_centres[:, 1:]) / (1e-3 + length[:, :1] * length[:, 1:])).T,
        np.full(grid.g, level.max()),
        np.full(grid.g, spread),
    ]
    return Fields(tuple(vectors), at_centres, np.stack(columns, axis=1), level, spread)


def load_fields(grid: Background, load: FloatArray) -> Fields:
    """Fields of the logarithm of the load of cells, ``load (c,)``, that is left.

    The vectors are the step of `relaxed` that the load asks for, shortened alike, and the gradient of its average over
    the size of a square.
    """
    level = grid.centred(grid.averaged(load))
    vectors = [grid.gradient(_step(grid, level)), grid.gradient(float(grid.step.prod()) * level)]
    at_centres = _at_centres(grid, vectors)
    length = np.linalg.norm(at_centres, axis=2)
    invariants = np.concatenate([level[:, None], length / (0.01 + length)], axis=1)
    return Fields(tuple(vectors), at_centres, invariants, level, float(np.sqrt(level**2 @ grid.volumes)))


@dataclass(frozen=True)
class Relaxed:
    """What `relaxed` found, all ``(g,)``: the best ``potential``, the ``first`` step, the ``residual`` of the best
    and the step it asks for, and the ``determinant`` of the map."""

    potential: FloatArray
    first: FloatArray
    residual: FloatArray
    residual_step: FloatArray
    determinant: FloatArray


def relaxed(grid: Background, level: FloatArray) -> Relaxed:
    """Relaxation of log m(x + grad psi) + log det(I + H(psi)) = constant, m = exp(``level (g,)``).

    Each step solves laplacian d = -residual; a step that would change second derivatives by more than `CHANGE` is
    shortened, so that steep monitors are followed for a part of the way only. As McRae, Cotter and Budd, SIAM J. Sci.
    Comput. 40 (2018) A1121, in logarithms.
    """
    psi = first = np.zeros(grid.g)
    best: Relaxed | None = None
    least = np.inf
    for step in range(STEPS + 1):
        sides = grid.gradient(psi)
        xx, yy, xy = _second(grid, sides)
        determinant = np.maximum((1 + xx) * (1 + yy) - xy**2, LEAST)
        moved = grid.bilinear(grid.centres + _at_centres(grid, [sides])[:, 0])
        residual = grid.centred(moved @ level + np.log(determinant))
        size = float(residual**2 @ grid.volumes)
        change = _step(grid, residual)
        if step == 0:
            first = change
        if size < least:
            best, least = Relaxed(psi, first, residual, change, determinant), size
        psi = psi + change
    assert best is not None
    return best


def _step(grid: Background, residual: FloatArray) -> FloatArray:
    """``(g,)`` the potential that a step of the relaxation adds."""
    change = grid.potential(residual)
    xx, yy, xy = _second(grid, grid.gradient(change))
    steepest = float(np.sqrt((xx**2 + yy**2 + 2 * xy**2).max()))
    return min(SHARE, CHANGE / max(steepest, np.finfo(float).tiny)) * change


def _at_centres(grid: Background, fields: list[OnSides]) -> FloatArray:
    """``(g, k, 2)`` mean of the two sides of each square."""
    return np.stack([np.stack(_middle(grid, field), axis=1) for field in fields], axis=1)


def _middle(grid: Background, field: OnSides) -> tuple[FloatArray, FloatArray]:
    x, y = grid.full(0, field[0]), grid.full(1, field[1])
    return ((x[:-1] + x[1:]) / 2)[grid.active], ((y[:, :-1] + y[:, 1:]) / 2)[grid.active]


def _second(grid: Background, sides: OnSides) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Second derivatives ``(g,)`` xx, yy, xy of the potential whose gradient is on ``sides``."""
    x, y = grid.full(0, sides[0]), grid.full(1, sides[1])
    mixed = np.gradient((x[:-1] + x[1:]) / 2, grid.step[1], axis=1)
    mixed += np.gradient((y[:, :-1] + y[:, 1:]) / 2, grid.step[0], axis=0)
    xx, yy = np.diff(x, axis=0) / grid.step[0], np.diff(y, axis=1) / grid.step[1]
    return xx[grid.active], yy[grid.active], mixed[grid.active] / 2
