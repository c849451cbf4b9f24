"""Virtual tests of webs of threads: pulled until they break."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from simulate.mechanics.cable import TOLERANCE, CableNet
from simulate.mechanics.grips import Grips, grips_of
from simulate.mechanics.law import Law
from simulate.mechanics.pulling import Tell, pull
from simulate.mechanics.silk import laws_by_edge, per_edge, radii
from simulate.mechanics.tension_result import TensionResult
from simulate.mesh_movement.checks import number, positive, whole
from structgen.parallel import parallel_map
from structgen.web import FloatArray, WebGraph

#: Steps to the strain asked for, and to the least strain at which a thread breaks, unless a step is given.
STEPS, STEPS_TO_BREAK = 50, 25
#: Largest strain of a web, and largest change of length at rest.
MOST_STRAIN = 100.0
#: A web is planar if its nodes lie this near to a plane, over its extents.
PLANAR = 1e-9


def tension(
    web: WebGraph,
    law: Law | str | Mapping[Any, Law] = "dragline",
    axis: str | npt.ArrayLike = "x",
    to_strain: float = 1.0,
    grips: Any = "auto",
    radius: Any = None,
    prestrain: npt.ArrayLike | Mapping[Any, float] = 0.0,
    section: float | None = None,
    step: float | None = None,
    tolerance: float = TOLERANCE,
    frames: int = 0,
    tell: Tell | None = None,
) -> TensionResult:
    """Pull ``web`` along ``axis`` until it has failed or is at ``to_strain``; see `TensionResult`.

    Threads carry tension only; a thread breaks where equilibrium strains it beyond its law. Quasi-static: no inertia,
    no rate; contact of threads is ignored. Units: mm, N, MPa.

    Arguments:
        law: a `Law`, a name of `simulate.mechanics.silk.LAWS`, ``"orb"``, a CSV file, or a table by silk kind.
        axis, grips: see `grips_of`.
        radius: of threads, mm: the web's own for None (those of webs here are for printing), ``"silk"`` for those of
            silk as spun, one number, one an edge, or a table by silk kind.
        prestrain: strain of threads in the web as given, one number, one an edge, or by silk kind; below 0 they are
            longer than the way they go. The web first takes the shape in which it hangs so.
        section: area, mm^2, by which load is divided to stress; default: volume of all threads over length, the area
            of a bar made of them.
        step: largest step of strain.
        tolerance: largest force out of balance, see `CableNet.residual`, at every point.
        frames: so many states are kept for pictures.
        tell: called at each point with strain, load and number of broken threads.

    Raises `ValueError` for arguments out of range and for webs that cannot be pulled so, and
    `simulate.mechanics.pulling.EquilibriumError` where no equilibrium is found.
    """
    number("to_strain", to_strain, f"> 0 and at most {MOST_STRAIN:g}", lambda x: 0 < x <= MOST_STRAIN)
    number("tolerance", tolerance, "> 0 and at most 0.01", lambda x: 0 < x <= 0.01)
    whole("frames", frames, 0)
    laws, law_number = laws_by_edge(web, law)
    breaks_at = np.array([one.break_strain for one in laws])[law_number]
    longest = (
        min(to_strain / STEPS, float(breaks_at.min()) / STEPS_TO_BREAK) if step is None else positive("step", step)
    )
    area = np.pi * radii(web, radius) ** 2
    rest = _lengths_at_rest(web, prestrain, breaks_at)
    held = grips_of(web, axis, grips)
    basis = _basis(web.pos, held)
    middle = web.pos.mean(axis=0)
    net = CableNet((web.pos - middle) @ basis.T, web.edge_index, rest, area, laws, law_number, held.held)
    net.cut(np.empty(0, np.int64))
    history = pull(net, held.velocity @ basis.T, held.length, to_strain, longest, tolerance, frames, tell)
    volume = float((area * rest).sum())
    density = np.array([one.density for one in laws])[law_number]
    return TensionResult.of(
        web, held, history, basis, middle, rest, area, laws, law_number,
        section=volume / held.length if section is None else positive("section", section),
        mass=float((area * rest * density).sum()) * 1e-3,
        settings={"to_strain": to_strain, "step": longest, "tolerance": tolerance},
    )  # fmt: skip


def tensions(
    webs: Sequence[WebGraph], workers: int = 1, scheduler: str | None = None, **options: Any
) -> Iterator[TensionResult]:
    """`tension` of each of ``webs`` with the same ``options``, in their order, as they come.

    ``workers``, ``scheduler``: processes on this machine, or a dask scheduler; see `structgen.parallel.parallel_map`.
    """
    return parallel_map(partial(tension, **options), webs, workers, scheduler)


def _lengths_at_rest(web: WebGraph, prestrain: Any, breaks_at: FloatArray) -> FloatArray:
    lengths = web.lengths
    if not lengths.all():
        raise ValueError(f"web: edge {int(lengths.argmin())} has no length")
    strain = per_edge(web, prestrain, "prestrain")
    bad = ~((strain > -0.9) & (strain < breaks_at))
    if bad.any():
        row = int(bad.argmax())
        raise ValueError(
            f"prestrain of edge {row} is {strain[row]:g}, must be > -0.9 and less than the strain {breaks_at[row]:g} "
            "at which it breaks"
        )
    return lengths / (1 + strain)


def _basis(pos: FloatArray, grips: Grips) -> FloatArray:
    """``(2, 3)`` or ``(3, 3)``: axes in which the web moves. A planar web pulled in its plane stays in it."""
    centred = pos - pos.mean(axis=0)
    _, sizes, axes = np.linalg.svd(centred, full_matrices=False) if len(pos) > 2 else (0, np.zeros(3), np.eye(3))
    thin = np.ptp(centred, axis=0) <= PLANAR * np.ptp(centred, axis=0).max()
    if thin.any() and not grips.axis[thin.argmax()]:
        return np.delete(np.eye(3), thin.argmax(), axis=0)
    if sizes[2] <= PLANAR * sizes[0] and abs(axes[2] @ grips.axis) <= PLANAR:
        plane: FloatArray = axes[:2]
        return plane
    return np.eye(3)
