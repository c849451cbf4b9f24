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
from simulate.mesh_movement.um2n.grid_kernels import at_squares, centred, gradient, relaxation, step_of

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


@dataclass(frozen=True)
class Fields:
    """On the grid: ``vectors``, components on the sides along x ``(p + 1, q, k)`` and y ``(p, q + 1, k)``, zero on the
    boundary; ``at_centres (g, k, 2)``, the same there; ``invariants (g, f)``.

    ``level (g,)`` is the logarithm of the monitor, averaged, less its mean, and ``spread`` its standard deviation.
    """

    vectors: tuple[FloatArray, FloatArray]
    at_centres: FloatArray
    invariants: FloatArray
    level: FloatArray
    spread: float


def monitor_fields(grid: Background, monitor: FloatArray) -> Fields:
    """Fields of nodal values ``monitor (n,)`` > 0.

    The vectors are the relaxed Monge-Ampere displacement, its first step, the step its residual asks for, and the
    gradient of the averaged logarithm over the size of a square.
    """
    level = centred(grid.layout, grid.averaged(cell_means(np.log(monitor), grid.mesh.cells)))
    if np.ptp(level) < ROUNDING:
        level = np.zeros(grid.g)
    found = relaxed(grid, level)
    square = float(grid.step.prod())
    vectors, at_centres = _gradients(grid, [found.potential, found.first, found.residual_step, square * level])
    length = np.sqrt(at_centres[..., 0] ** 2 + at_centres[..., 1] ** 2)
    first = at_centres[:, 0]
    spread = float(np.sqrt(level**2 @ grid.volumes))
    columns = [
        level,
        found.residual,
        np.log(found.determinant),
        grid.walls,
        *(length / (0.05 + length)).T,
        *(np.einsum("nd,nkd->nk", first, at_centres[:, 1:]) / (1e-3 + length[:, :1] * length[:, 1:])).T,
        np.full(grid.g, level.max()),
        np.full(grid.g, spread),
    ]
    return Fields(vectors, at_centres, np.stack(columns, axis=1), level, spread)


def load_fields(grid: Background, load: FloatArray) -> Fields:
    """Fields of the logarithm of the load of cells, ``load (c,)``, that is left.

    The vectors are the step of `relaxed` that the load asks for, shortened alike, and the gradient of its average over
    the size of a square.
    """
    level = centred(grid.layout, grid.averaged(load))
    step = step_of(grid.layout, level, SHARE, CHANGE)[0]
    vectors, at_centres = _gradients(grid, [step, float(grid.step.prod()) * level])
    length = np.sqrt(at_centres[..., 0] ** 2 + at_centres[..., 1] ** 2)
    invariants = np.concatenate([level[:, None], length / (0.01 + length)], axis=1)
    return Fields(vectors, at_centres, invariants, level, float(np.sqrt(level**2 @ grid.volumes)))


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
    return Relaxed(*relaxation(grid.layout, level, STEPS, SHARE, CHANGE, LEAST))


def _gradients(grid: Background, potentials: list[FloatArray]) -> tuple[tuple[FloatArray, FloatArray], FloatArray]:
    """`Fields.vectors` and `Fields.at_centres` of the gradients of ``potentials``, each ``(g,)``."""
    found = [gradient(grid.layout, psi) for psi in potentials]
    at_centres = np.stack([at_squares(grid.layout, *sides) for sides in found], axis=1)
    return (np.stack([x for x, _ in found], axis=2), np.stack([y for _, y in found], axis=2)), at_centres
