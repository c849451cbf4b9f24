"""Printed webs crushed, or pulled, between two platens."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from simulate.checks import number, positive, whole
from simulate.mechanics.compression_result import CompressionResult
from simulate.mechanics.frame.buckling import buckling
from simulate.mechanics.frame.equations import Equations, MechanismError
from simulate.mechanics.frame.material import Material, material_of
from simulate.mechanics.frame.model import BoolArray, Frame, State
from simulate.mechanics.frame.path import TOLERANCE, Point, follow
from simulate.mechanics.frame.settling import settle
from simulate.mechanics.grips import unit_axis
from structgen.parallel import parallel_map
from structgen.seeds import generator
from structgen.web import FloatArray, WebGraph

#: What platens do to the nodes they hold.
HOLDS = ("fixed", "free")
#: How equilibrium is followed.
PATHS = ("stable", "arc")
#: Largest strain, of length between platens.
MOST_STRAIN = 0.95
#: Buckling modes that the imperfection mixes, those near the first: regular lattices have several alike.
MODES = 6
#: More points than this are not followed.
MOST_POINTS = 2000

Tell = Callable[[float, float], None]


def compression(
    web: WebGraph,
    material: Material | Any = "pla",
    axis: str | npt.ArrayLike = "z",
    to_strain: float = 0.1,
    depth: float = 0.05,
    lateral: str = "fixed",
    rotation: str = "fixed",
    radius: float | None = None,
    parts: int = 4,
    shear: bool = False,
    imperfection: float = 0.05,
    section: float | None = None,
    path: str = "stable",
    steps: int = 50,
    tolerance: float = TOLERANCE,
    frames: int = 0,
    seed: int = 0,
    tell: Tell | None = None,
) -> CompressionResult:
    """Crush ``web`` along ``axis`` between two platens, or pull it for a strain < 0; see `CompressionResult`.

    Struts are elastic beams with rigid joints, at large displacements and rotations. What the material does beyond its
    limit is not followed: the point at which a strut first reaches it is reported, and the curve beyond holds for a
    material that stays elastic. Contact of struts, and of struts with the platens, is ignored. Quasi-static. Units: mm,
    N, MPa.

    Arguments:
        material: a `Material`, or the name of one; see `material_of`.
        axis: ``"x"``, ``"y"``, ``"z"`` or a vector.
        to_strain: way of the platens over the length between them.
        depth: nodes this share of the length or less from either end along the axis are held by the platens, at most
            0.25.
        lateral: ``"fixed"``: held nodes do not slide on the platens; ``"free"``: they do, all but one.
        rotation: ``"fixed"``: held nodes do not turn; ``"free"``: they turn about all axes but that of the test.
        radius: of struts, mm, instead of the web's own.
        parts: beams a strut; 1 does for the stiffness, 4 for struts that buckle.
        shear: Timoshenko beams instead of Euler-Bernoulli, for struts shorter than about ten radii.
        imperfection: nodes are first displaced by up to so many mean radii, in a mixture of the first buckling modes,
            so that a perfect lattice buckles too.
        section: area, mm^2, by which force is divided to stress; default: that of the box around the struts.
        path: ``"stable"``: at each way of the platens the web rests in a minimum of its energy, and jumps where that
            ends, as in a test; ``"arc"``: equilibrium is followed wherever it leads, by arc-length, through states
            that no test shows too: for webs that snap, not for those with many slender struts.
        steps: points, at least.
        tolerance: largest force out of balance over the largest in a strut, at every point.
        frames: so many states are kept for pictures, the first and the last among them.
        seed: of the imperfection's mixture.
        tell: called at each point with strain and force.

    Raises `ValueError` for arguments out of range and for webs that cannot be tested so: those with parts that float
    or move without resistance, or with struts that are too slender.
    """
    number(
        "to_strain", to_strain, f"not 0 and from -{MOST_STRAIN} to {MOST_STRAIN}", lambda x: 0 < abs(x) <= MOST_STRAIN
    )
    number("depth", depth, "> 0 and at most 0.25", lambda x: 0 < x <= 0.25)
    number("imperfection", imperfection, ">= 0 and at most 1", lambda x: 0 <= x <= 1)
    number("tolerance", tolerance, "> 0 and at most 0.01", lambda x: 0 < x <= 0.01)
    for name, least, value in (("steps", 1, steps), ("frames", 0, frames), ("parts", 1, parts)):
        whole(name, value, least)
    for name, chosen, allowed in (("lateral", lateral, HOLDS), ("rotation", rotation, HOLDS), ("path", path, PATHS)):
        if chosen not in allowed:
            raise ValueError(f"{name} is {chosen!r}, must be {' or '.join(allowed)}")
    made_of = material_of(material)
    if radius is not None:
        web = web.with_radius(radius)
    along = unit_axis(axis)
    turned = np.stack([*_across(along), along])
    middle = web.pos.mean(axis=0)
    upright = replace(web, pos=(web.pos - middle) @ turned.T)
    low, high, length = _platens(upright, depth)
    area = _section(upright) if section is None else positive("section", section)

    frame = Frame.of_web(upright, made_of, parts, shear)
    held = _held(frame, low, high, lateral, rotation)
    drive = np.zeros((frame.n, 3))
    drive[np.flatnonzero(high), 2] = -to_strain * length
    equations = Equations(frame, held, drive)
    try:
        equations.check()
    except MechanismError as error:
        raise MechanismError(f"{error} (lateral is {lateral}, rotation is {rotation})") from None
    rate = _rate(equations)
    shares, modes = buckling(equations, MODES, seed)
    if len(shares) and imperfection > 0:
        shape = _mixed(shares, modes, seed)
        frame = replace(frame, pos=frame.pos + imperfection * web.radius.mean() * shape)
        equations = Equations(frame, held, drive)

    way = to_strain * length
    points: list[Point] = []
    stresses = []
    kept = _Kept(frames, web.n, turned, middle)
    arc = path == "arc"
    for point in follow(equations, steps, tolerance, MOST_POINTS) if arc else settle(equations, steps, tolerance, seed):
        points.append(point)
        stresses.append(frame.stress(point.state).reshape(web.m, parts).max(axis=1))
        kept.add(point.share * to_strain, point.state, stresses[-1], point.share)
        if tell is not None:
            tell(point.share * to_strain, point.response.conjugate / way)
    share = np.array([point.share for point in points])
    return CompressionResult(
        web,
        strain=share * to_strain,
        force=np.array([point.response.conjugate for point in points]) / way,
        energy=np.array([point.response.energy for point in points]),
        residual=np.array([point.response.error for point in points]),
        unstable=np.array([point.negative for point in points]),
        stress=np.array([stress.max() for stress in stresses]),
        strut_stress=stresses[-1],
        frames=kept.states(),
        end="strain" if share[-1] >= 1 - 1e-9 else "points" if len(points) >= MOST_POINTS else "lost",
        axis=along,
        length=length,
        section=area,
        mass=float((np.pi * web.radius**2 * web.lengths).sum()) * made_of.density * 1e-3,
        material=made_of,
        stiffness=rate / way**2 * length / area,
        buckling_strain=float(shares[0]) * to_strain if len(shares) else None,
        settings={
            "to_strain": to_strain, "depth": depth, "lateral": lateral, "rotation": rotation, "parts": parts,
            "shear": shear, "imperfection": imperfection, "path": path, "steps": steps,
            "tolerance": tolerance, "seed": seed,
        },
    )  # fmt: skip


def compressions(
    webs: Sequence[WebGraph], workers: int = 1, scheduler: str | None = None, **options: Any
) -> Iterator[CompressionResult]:
    """`compression` of each of ``webs`` with the same ``options``, in their order, as they come.

    ``workers``, ``scheduler``: processes on this machine, or a dask scheduler; see `structgen.parallel.parallel_map`.
    """
    return parallel_map(partial(compression, **options), webs, workers, scheduler)


def _mixed(shares: FloatArray, modes: FloatArray, seed: int) -> FloatArray:
    """``(n, 3)`` displacements, the largest 1: buckling modes at random, each by how near it is to the first."""
    weight = generator(seed, 1).normal(size=len(shares)) * (shares[0] / shares) ** 4
    shape = np.tensordot(weight, modes[:, :, :3], 1)
    scaled: FloatArray = shape / np.linalg.norm(shape, axis=1).max()
    return scaled


class _Kept:
    """States at about equal shares of the way, where nodes of the web are in its own axes."""

    def __init__(self, count: int, n: int, turned: FloatArray, middle: FloatArray) -> None:
        self.count, self.n, self.turned, self.middle = count, n, turned, middle
        self.found: list[tuple[float, npt.NDArray[np.float32], npt.NDArray[np.float32]]] = []
        self.latest: tuple[float, npt.NDArray[np.float32], npt.NDArray[np.float32]] | None = None
        self.due = 0.0

    def add(self, strain: float, state: State, stress: FloatArray, share: float) -> None:
        """Keep this state, if one is due."""
        if self.count:
            pos = (state.pos @ self.turned + self.middle).astype(np.float32)
            self.latest = strain, pos, stress.astype(np.float32)
            if share >= self.due - 1e-9 and len(self.found) < self.count:
                self.found.append(self.latest)
                self.due += 1 / max(self.count - 1, 1)

    def states(self) -> tuple[tuple[float, npt.NDArray[np.float32], npt.NDArray[np.float32]], ...]:
        """The states kept, the last one always."""
        if self.latest is not None and self.found[-1] is not self.latest:
            self.found = [*self.found[: self.count - 1], self.latest]
        return tuple(self.found)


def _across(along: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Two unit vectors across ``along``, which make a right-handed system with it."""
    aside = np.eye(3)[np.abs(along).argmin()]
    second = np.cross(along, aside)
    second /= np.linalg.norm(second)
    return np.cross(second, along), second


def _platens(web: WebGraph, depth: float) -> tuple[BoolArray, BoolArray, float]:
    """Masks of the nodes that the platens hold below and above, and the length between the outermost."""
    place = web.pos[:, 2]
    length = float(np.ptp(place))
    if not length > 1e-6 * float(web.extents.max()):
        raise ValueError("axis: the web is flat along it, there is nothing between the platens")
    low, high = place <= place.min() + depth * length, place >= place.max() - depth * length
    label = web.components()
    reached = {int(k) for k in label[low]} & {int(k) for k in label[high]}
    if not reached:
        raise ValueError("web: no strut leads from one platen to the other")
    touched = np.isin(label, label[low | high])
    if not touched.all():
        node = int(np.flatnonzero(~touched)[0])
        raise ValueError(
            f"web: the part of {int((label == label[node]).sum())} nodes around node {node} floats, no platen holds "
            "it; take web.largest_component() or remove it"
        )
    return low, high, length


def _section(web: WebGraph) -> float:
    """Area of the box around the struts across the third axis, mm^2."""
    sides = web.extents[:2] + 2 * float(web.radius.max())
    return float(sides.prod())


def _held(frame: Frame, low: BoolArray, high: BoolArray, lateral: str, rotation: str) -> BoolArray:
    """``(n, 6)`` mask of what the platens hold."""
    held = np.zeros((frame.n, 6), bool)
    nodes = np.flatnonzero(low | high)
    # The turn about the axis is held in any case: else a straight strut could spin.
    held[nodes[:, None], [2, 5]] = True
    if rotation == "fixed":
        held[nodes, 3:] = True
    if lateral == "fixed":
        held[nodes, :2] = True
    else:
        below = np.flatnonzero(low)
        centre = frame.pos[below].mean(axis=0)
        held[below[np.linalg.norm(frame.pos[below] - centre, axis=1).argmin()], :2] = True
    return held


def _rate(equations: Equations) -> float:
    """Second derivative of the energy by the share at rest, mJ: the stiffness against the drive."""
    state = State.at_rest(equations.frame.pos)
    rest = equations.respond(state, 0.0)
    assert rest is not None
    along = -equations.factor(rest.values).solve(rest.rate) if equations.size else np.zeros(0)
    probe = 1e-6
    sides = [equations.respond(equations.moved(state, s * along, s), s) for s in (probe, -probe)]
    assert sides[0] is not None and sides[1] is not None
    return (sides[0].conjugate - sides[1].conjugate) / (2 * probe)
