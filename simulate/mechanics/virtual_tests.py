"""Virtual tests of webs of threads: pulled or pushed until they break."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from simulate.checks import number, positive, whole
from simulate.mechanics.cable import TOLERANCE, CableNet
from simulate.mechanics.grips import Grips, grips_of, punch_of
from simulate.mechanics.law import Law
from simulate.mechanics.pulling import Tell, pull
from simulate.mechanics.silk import laws_by_edge, per_edge, radii
from simulate.mechanics.tension_result import InterruptedTest, TensionResult
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

    Raises `ValueError` for arguments out of range and for webs that cannot be pulled so,
    `simulate.mechanics.pulling.EquilibriumError` where no equilibrium is found, and
    `simulate.mechanics.tension_result.InterruptedTest`, a KeyboardInterrupt with the result so far.
    """
    number("to_strain", to_strain, f"> 0 and at most {MOST_STRAIN:g}", lambda x: 0 < x <= MOST_STRAIN)
    threads = _Threads(web, law, radius, prestrain)
    return threads.moved("tension", grips_of(web, axis, grips), to_strain, section, step, tolerance, frames, tell, {})


def indentation(
    web: WebGraph,
    law: Law | str | Mapping[Any, Law] = "dragline",
    depth: float = 1.0,
    at: npt.ArrayLike | None = None,
    punch: float | None = None,
    axis: str | npt.ArrayLike = "z",
    rim: Any = "auto",
    patch: Any = None,
    radius: Any = None,
    prestrain: npt.ArrayLike | Mapping[Any, float] = 0.0,
    section: float | None = None,
    step: float | None = None,
    tolerance: float = TOLERANCE,
    frames: int = 0,
    tell: Tell | None = None,
) -> TensionResult:
    """Push ``web`` along ``axis`` at a place, its rim held, until it has failed or to ``depth``, mm.

    A punch glued to the web: the nodes of the patch move together, and threads touch it nowhere else. In the result
    ``strain`` is the depth over the width of the rim, ``displacement`` the depth, ``load`` the force on the punch.

    Arguments:
        at, punch, axis, patch, rim: see `simulate.mechanics.grips.punch_of`.
        step: largest step of depth, mm.
        tell: called at each point with depth, load and number of broken threads.
        law, radius, prestrain, section, tolerance, frames: as of `tension`; what it raises is raised here.
    """
    positive("depth", depth)
    held = punch_of(web, axis, at, punch, patch, rim)
    if depth > MOST_STRAIN * held.length:
        raise ValueError(
            f"depth is {depth:g} mm, must be at most {MOST_STRAIN:g} times the {held.length:.4g} mm of the rim"
        )
    threads = _Threads(web, law, radius, prestrain)
    step = None if step is None else positive("step", step) / held.length

    def told(strain: float, load: float, broken: int) -> None:
        if tell is not None:
            tell(strain * held.length, load, broken)

    return threads.moved(
        "indentation", held, depth / held.length, section, step, tolerance, frames, told, {"depth_mm": depth}
    )


def tensions(
    webs: Sequence[WebGraph], workers: int = 1, scheduler: str | None = None, **options: Any
) -> Iterator[TensionResult]:
    """`tension` of each of ``webs`` with the same ``options``, in their order, as they come.

    ``workers``, ``scheduler``: processes on this machine, or a dask scheduler; see `structgen.parallel.parallel_map`.
    """
    return parallel_map(partial(tension, **options), webs, workers, scheduler)


class _Threads:
    """A web whose threads have laws, cross-sections and lengths at rest."""

    def __init__(self, web: WebGraph, law: Any, radius: Any, prestrain: Any) -> None:
        self.web = web
        self.laws, self.law = laws_by_edge(web, law)
        self.breaks_at = np.array([one.break_strain for one in self.laws])[self.law]
        self.area = np.pi * radii(web, radius) ** 2
        self.rest = _lengths_at_rest(web, prestrain, self.breaks_at)

    def moved(
        self, test: str, grips: Grips, to_strain: float, section: float | None, step: float | None, tolerance: float,
        frames: int, tell: Tell | None, settings: dict[str, float],
    ) -> TensionResult:  # fmt: skip
        """What the ``test`` finds that moves ``grips`` to ``to_strain``."""
        number("tolerance", tolerance, "> 0 and at most 0.01", lambda x: 0 < x <= 0.01)
        whole("frames", frames, 0)
        longest = (
            min(to_strain / STEPS, float(self.breaks_at.min()) / STEPS_TO_BREAK)
            if step is None
            else positive("step", step)
        )
        volume = float((self.area * self.rest).sum())
        section = volume / grips.length if section is None else positive("section", section)
        web, basis, middle = self.web, _basis(self.web.pos, grips), self.web.pos.mean(axis=0)
        net = CableNet(
            (web.pos - middle) @ basis.T, web.edge_index, self.rest, self.area, self.laws, self.law, grips.held
        )
        net.cut(np.empty(0, np.int64))
        history = pull(net, grips.velocity @ basis.T, grips.length, to_strain, longest, tolerance, frames, tell)
        density = np.array([one.density for one in self.laws])[self.law]
        result = TensionResult.of(
            web, test, grips, history, basis, middle, self.rest, self.area, self.laws, self.law,
            section=section, mass=float((self.area * self.rest * density).sum()) * 1e-3,
            settings={"to_strain": to_strain, "step": longest, "tolerance": tolerance, **settings},
        )  # fmt: skip
        if result.end == "interrupted":
            raise InterruptedTest(result)
        return result


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
