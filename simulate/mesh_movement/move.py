"""Move the nodes of a mesh so that a monitor is shared evenly among its cells, and never invert one."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from simulate.checks import number, positive, whole
from simulate.mesh_movement.boundary import Projection, find_boundary
from simulate.mesh_movement.checks import FloatArray, IntArray, node_mask, real_array
from simulate.mesh_movement.interpolation import PointLocator
from simulate.mesh_movement.limiter import limited
from simulate.mesh_movement.meshes import checked_mesh
from simulate.mesh_movement.monge_ampere import MongeAmpere, Scheme
from simulate.mesh_movement.operators import Operators
from simulate.mesh_movement.quality import MeshQuality, measured
from simulate.mesh_movement.sampling import Field, Monitor, as_field
from simulate.mesh_movement.variational import Variational

if TYPE_CHECKING:
    from simulate.mesh_movement.um2n.mover import NetworkMover
    from simulate.mesh_movement.um2n.network import UM2N

#: Relative spread below which a monitor counts as constant: rounding.
CONSTANT = 1e-12
#: The variational descent ends when its gradient is this share of what it was.
DESCENT_TOLERANCE = 1e-2
#: A method is in trouble where it leaves more than this share of the variation.
HELPFUL = 0.98


@dataclass(frozen=True)
class MovedMesh:
    """A mesh whose nodes moved.

    Attributes:
        points: ``(n, d)`` where the nodes are now; every cell has a positive volume.
        cells: ``(c, d + 1)`` the cells, those that were numbered the wrong way round turned.
        displacement: ``(n, d)`` from where they were at the start.
        before, after: quality of the mesh at the start and now, with the monitor where the nodes are then.
        asked, method: the method asked for, and the one whose result this is; "none" where nothing moved.
        fallback: why the method asked for was left, or how its result is not what was asked; None if all went well.
        converged: whether the method came down to the tolerance.
        limited: share of nodes whose displacement the validity limiter changed.
        iterations: steps of all methods tried.
        seconds: time it took.
    """

    points: FloatArray
    cells: IntArray
    displacement: FloatArray
    before: MeshQuality
    after: MeshQuality
    asked: str
    method: str
    fallback: str | None
    converged: bool
    limited: float
    iterations: int
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """All but the arrays, for a report."""
        arrays = {"points", "cells", "displacement"}
        rest = {name: value for name, value in asdict(self).items() if name not in arrays}
        return rest | {"before": self.before.as_dict(), "after": self.after.as_dict()}


@dataclass(frozen=True)
class Proposal:
    """What a method found: valid points ``(n, d)``; ``trouble`` says why it is not what was asked, if it is not."""

    method: str
    points: FloatArray
    iterations: int
    converged: bool
    limited: float = 0.0
    trouble: str | None = None


@dataclass(frozen=True)
class Task:
    """The monitor, its values ``(n,)`` at the nodes at the start, and how long methods try: relative residual and
    iterations."""

    field: Field
    start: FloatArray
    tolerance: float
    max_iterations: int


def move_mesh(
    points: npt.ArrayLike, cells: npt.ArrayLike, monitor: Monitor, *, method: str = "monge-ampere",
    boundary: str | Projection | None = None, fixed: npt.ArrayLike | None = None, corner_angle: float = 35.0,
    tolerance: float = 1e-3, max_iterations: int = 100, fallback: bool = True, network: UM2N | str | Path = "um2n",
) -> MovedMesh:  # fmt: skip
    """Move the nodes of a mesh so that ``monitor`` times volume, relative to the volume at the start, is even.

    Arguments:
        points, cells: ``(n, 2)`` and triangles ``(c, 3)``, or ``(n, 3)`` and tetrahedra ``(c, 4)``.
        monitor: > 0, large where cells are to be small: ``(n,)`` values at the nodes, interpolated as the nodes
            move, or a function of place: a callable of points ``(p, d)`` of the box around the mesh that gives
            ``(p,)``, each value by its own point alone. See `simulate.mesh_movement.monitor`.
        method: "monge-ampere" (Newton), "monge-ampere-relaxation", "variational", or "um2n", a trained network (2D,
            needs torch), several times as fast.
        boundary: None, nodes of straight and planar pieces of the boundary slide on them, those of curved pieces on
            the piecewise linear boundary; "fixed", they stay; a callable ``(positions (k, d), nodes (k,)) -> (k, d)``
            puts nodes of curved pieces on the true boundary.
        fixed: nodes that stay, numbers or a mask ``(n,)``; corners always do.
        corner_angle: turn of the boundary, in degrees, from which there is a corner, or a ridge in 3D.
        tolerance: relative residual at which the Monge-Ampere methods end.
        max_iterations: steps that each method may take.
        fallback: where a method does not do what was asked, try the variational one too, after "um2n" Monge-Ampere
            first, and keep the best result.
        network: of "um2n": the one that comes with the package, or a ``.safetensors`` file of `structgen train mover`.

    The result is valid whatever happens: see `simulate.mesh_movement.limiter`. Raises `ValueError` for a mesh or a
    monitor that cannot be moved (`simulate.mesh_movement.meshes.checked_mesh`) and a method that does not exist.
    """
    mover = MeshMover(points, cells, boundary=boundary, fixed=fixed, corner_angle=corner_angle, network=network)
    return mover.move(monitor, method=method, tolerance=tolerance, max_iterations=max_iterations, fallback=fallback)


class MeshMover:
    """Moves one mesh again and again, always from where it was at the start, as time-stepping wants.

    Keeps the boundary, operators and factorisations; Monge-Ampere methods begin with the last potential. The
    arguments are those of `move_mesh`.
    """

    def __init__(
        self, points: npt.ArrayLike, cells: npt.ArrayLike, *, boundary: str | Projection | None = None,
        fixed: npt.ArrayLike | None = None, corner_angle: float = 35.0, network: UM2N | str | Path = "um2n",
    ) -> None:  # fmt: skip
        self.mesh = checked_mesh(points, cells)
        turn = number("corner_angle", corner_angle, "in 0..180 degrees", lambda x: 0 < x < 180)
        self.boundary = find_boundary(self.mesh, node_mask("fixed", fixed, self.mesh.n), boundary, turn)
        self.operators = Operators(self.mesh)
        #: ``(n,)`` with which Monge-Ampere methods begin; None for zero.
        self.potential: FloatArray | None = None
        self._locator, self._network = PointLocator(self.mesh), network

    def move(
        self, monitor: Monitor, *, method: str = "monge-ampere", at: npt.ArrayLike | None = None,
        tolerance: float = 1e-3, max_iterations: int = 100, fallback: bool = True,
    ) -> MovedMesh:  # fmt: skip
        """As `move_mesh`; ``at (n, d)`` is where the nodes are at which values of ``monitor`` are given, if they are
        not at the start."""
        began = time.perf_counter()
        if not isinstance(method, str) or method not in METHODS:
            raise ValueError(f"method is {method!r}, must be one of {', '.join(map(repr, METHODS))}")
        tolerance, steps = positive("tolerance", tolerance), whole("max_iterations", max_iterations, 1)
        field = as_field(monitor, self.mesh, self._locator if at is None else self._locator_at(at))
        task = Task(field, field.values(self.mesh.points), tolerance, steps)
        before = self._quality(self.mesh.points, task.start)
        proposal, after, trouble, used = self._proposed(task, before, method, fallback)
        return MovedMesh(
            points=proposal.points, cells=self.mesh.cells, displacement=proposal.points - self.mesh.points,
            before=before, after=after, asked=method, method=proposal.method, fallback=trouble,
            converged=proposal.converged, limited=proposal.limited, iterations=used,
            seconds=time.perf_counter() - began,
        )  # fmt: skip

    def _proposed(
        self, task: Task, before: MeshQuality, method: str, fallback: bool
    ) -> tuple[Proposal, MeshQuality, str | None, int]:
        """The best proposal, its quality, what went wrong on the way, and all steps taken."""
        if np.ptp(task.start) <= CONSTANT * task.start.max():
            return Proposal(method, self.mesh.points, 0, True), before, None, 0
        tried: list[tuple[MeshQuality, Proposal]] = []

        def attempt(name: str, begin: FloatArray | None = None) -> Proposal:
            found = METHODS[name](self, task, begin)
            quality = self._quality(found.points, task.field.values(found.points))
            if found.trouble is None and quality.variation > HELPFUL * before.variation:
                share = quality.variation / before.variation
                found = replace(found, converged=False, trouble=f"{name}: leaves {share:.0%} of the variation")
            tried.append((quality, found))
            return found

        first = found = attempt(method)
        if found.trouble and fallback and method == "um2n":
            found = attempt("monge-ampere")
        if found.trouble and fallback and method != "variational" and not attempt("variational").converged:
            attempt("variational", found.points)
        after, best = min(tried, key=lambda pair: pair[0].variation)
        trouble = first.trouble
        if after.variation >= before.variation:
            after, best = before, Proposal("none", self.mesh.points, 0, False)
            trouble = f"{trouble or method}; nothing tried spread the monitor better than the start"
        elif best is not first:
            trouble = f"{trouble}; {best.method} did better"
        return best, after, trouble, sum(proposal.iterations for _, proposal in tried)

    @cached_property
    def monge_ampere(self) -> MongeAmpere:
        """The Monge-Ampere solver."""
        return MongeAmpere(self.mesh, self.boundary, self.operators)

    @cached_property
    def variational(self) -> Variational:
        """The variational mover."""
        return Variational(self.mesh, self.boundary, self.operators)

    def _locator_at(self, at: npt.ArrayLike) -> PointLocator:
        return PointLocator(checked_mesh(real_array("at", at, self.mesh.points.shape), self.mesh.cells))

    def _quality(self, points: FloatArray, monitor: FloatArray) -> MeshQuality:
        return measured(points, self.mesh.cells, monitor, self.mesh.determinants)

    @cached_property
    def network(self) -> NetworkMover:
        """The mover by a network."""
        from simulate.mesh_movement.um2n.mover import NetworkMover

        return NetworkMover(self.mesh, self.boundary, self._network)


def by_monge_ampere(mover: MeshMover, task: Task, scheme: Scheme) -> Proposal:
    """What the Monge-Ampere solver finds, made valid."""
    name = "monge-ampere" if scheme == "newton" else "monge-ampere-relaxation"
    found = mover.monge_ampere.solve(task.field, task.tolerance, task.max_iterations, scheme, mover.potential)
    mover.potential = found.phi if found.converged else None
    points, cut = limited(mover.mesh, found.displacement, mover.boundary)
    trouble = None
    if not found.converged:
        reached = "" if found.strength == 1 else f" at the monitor to the power {found.strength:.2g}"
        trouble = f"{name}: residual {found.residual:.2g} after {found.iterations} steps{reached}"
    elif cut > 0:
        trouble = f"{name}: inverted cells, mended by moving {cut:.1%} of the nodes otherwise"
    return Proposal(name, points, found.iterations, found.converged, cut, trouble)


def by_descent(mover: MeshMover, task: Task, start: FloatArray | None) -> Proposal:
    """What the variational mover finds from ``start (n, d)``, or from the mesh at the start."""
    found = mover.variational.solve(task.field, DESCENT_TOLERANCE, task.max_iterations, start)
    trouble = None if found.converged else f"variational: not converged after {found.iterations} steps"
    return Proposal("variational", found.points, found.iterations, found.converged, 0.0, trouble)


def by_network(mover: MeshMover, task: Task, start: FloatArray | None) -> Proposal:
    """What the network says, made valid."""
    if mover.mesh.dim != 2:
        return Proposal("um2n", mover.mesh.points, 0, False, trouble="um2n: learned on triangles, not on tetrahedra")
    points, cut = mover.network.moved(task.field, task.start)
    return Proposal("um2n", points, 1, True, cut)


#: A method: from the mover, what is asked, and a valid mesh to start from, if it can, to a proposal.
Method = Callable[[MeshMover, Task, FloatArray | None], Proposal]
METHODS: dict[str, Method] = {
    "monge-ampere": lambda mover, task, _: by_monge_ampere(mover, task, "newton"),
    "monge-ampere-relaxation": lambda mover, task, _: by_monge_ampere(mover, task, "relaxation"),
    "variational": by_descent,
    "um2n": by_network,
}
