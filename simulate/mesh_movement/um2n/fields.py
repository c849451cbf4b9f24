"""What the network reads and combines: vector fields that spread a monitor, and invariants of it.

All of it is made on the background grid, and vanishes for a constant monitor. The domain has the area 1 (see
`simulate.mesh_movement.um2n.prepared`), so lengths are in units of its size.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulate.mesh_movement.checks import FloatArray
from simulate.mesh_movement.meshes import cell_means
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
    level = grid.centred(grid.averaged(cell_means(np.log(monitor), grid.mesh.cells)))
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
    vectors = [_step(grid, level)[2], grid.gradient(float(grid.step.prod()) * level)]
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
    second, moved = np.zeros((3, grid.g)), grid.centres
    best: Relaxed | None = None
    least = np.inf
    for step in range(STEPS + 1):
        determinant = np.maximum((1 + second[0]) * (1 + second[1]) - second[2] ** 2, LEAST)
        residual = grid.centred(grid.at(moved, level) + np.log(determinant))
        size = float(residual**2 @ grid.volumes)
        change, bent, sides = _step(grid, residual)
        if step == 0:
            first = change
        if size < least:
            best, least = Relaxed(psi, first, residual, change, determinant), size
        psi, second, moved = psi + change, second + bent, moved + _at_centres(grid, [sides])[:, 0]
    assert best is not None
    return best


def _step(grid: Background, residual: FloatArray) -> tuple[FloatArray, FloatArray, OnSides]:
    """``(g,)`` the potential that a step of the relaxation adds, its second derivatives `_second`, and its gradient."""
    change = grid.potential(residual)
    x, y = grid.gradient(change)
    second = _second(grid, (x, y))
    steepest = float(np.sqrt((second**2).T @ [1, 1, 2]).max())
    share = min(SHARE, CHANGE / max(steepest, np.finfo(float).tiny))
    return share * change, share * second, (share * x, share * y)


def _at_centres(grid: Background, fields: list[OnSides]) -> FloatArray:
    """``(g, k, 2)`` mean of the two sides of each square."""
    return np.stack([np.stack(_middle(grid, field), axis=1) for field in fields], axis=1)


def _middle(grid: Background, field: OnSides) -> tuple[FloatArray, FloatArray]:
    x, y = grid.full(0, field[0]), grid.full(1, field[1])
    return ((x[:-1] + x[1:]) / 2)[grid.active], ((y[:, :-1] + y[:, 1:]) / 2)[grid.active]


def _second(grid: Background, sides: OnSides) -> FloatArray:
    """``(3, g)`` second derivatives xx, yy, xy of the potential whose gradient is on ``sides``."""
    x, y = grid.full(0, sides[0]), grid.full(1, sides[1])
    mixed = _slope((x[:-1] + x[1:]).T / grid.step[1]).T + _slope((y[:, :-1] + y[:, 1:]) / grid.step[0])
    derivatives = (x[1:] - x[:-1]) / grid.step[0], (y[:, 1:] - y[:, :-1]) / grid.step[1], mixed / 4
    return np.stack([values[grid.active] for values in derivatives])


def _slope(values: FloatArray) -> FloatArray:
    """Differences of rows, between those before and after, on the border to the one next to it."""
    result = np.empty_like(values)
    np.subtract(values[2:], values[:-2], out=result[1:-1])
    result[1:-1] /= 2
    result[0], result[-1] = values[1] - values[0], values[-1] - values[-2]
    return result
