"""Struts to one closed, printable solid."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from assembly.checks import number, whole
from assembly.verify import PLA_DENSITY, SolidReport, shells_of, verified, without_voids
from structgen.web import FloatArray, IntArray, WebGraph

METHODS = ("hybrid", "union", "field")
#: What one machine's memory holds of the solid, for each method.
MAX_STRUTS = {"hybrid": 3_000_000, "union": 20_000, "field": 3_000_000}
SIDES = (3, 64)
#: Edges shorter than this many float32 steps at the largest coordinate are collapsed ...
SHORTEST_EDGE = 16
#: ... which must be less than this share of the thinnest strut's radius.
FINEST_RADIUS = 0.125
#: All faces of meshes up to this many are tested against each other; of larger ones, those that come from unions.
TEST_ALL = 100_000


@dataclass(frozen=True, eq=False)
class Solid:
    """A closed triangle mesh standing on z = 0.

    Arguments:
        vertices: ``(v, 3)`` in mm, all different and exact in float32.
        faces: ``(f, 3)`` vertex numbers, counter-clockwise seen from outside.
        report: what was verified.
    """

    vertices: FloatArray
    faces: IntArray
    report: SolidReport


def solidify(
    web: WebGraph,
    sides: int = 8,
    density: float = PLA_DENSITY,
    progress: Callable[[str], None] | None = None,
    method: str = "hybrid",
    triangles: int | None = None,
    workers: int = 1,
    *,
    fillet: float | None = None,
    node_radius: npt.ArrayLike | None = None,
    resolution: float | None = None,
) -> Solid:
    """The printable solid of a connected web: one watertight body without self-intersections, resting on z = 0.

    Each strut is a prism with the cross-section area of its circle, each node as round as its thickest strut. Where
    there is room, skins about the nodes are joined to the prisms directly; what collides is united exactly
    (manifold3d).
    Holes inside are filled. x and y stay as they are. The result is verified.

    Arguments:
        web: the web, connected, at most 3,000,000 struts.
        sides: sides of a prism, 3 to 64.
        density: of the material in g/cm3, for the mass (PLA: 1.24).
        progress: told in a line what goes on.
        method: ``union`` unites all struts exactly, at most 20,000. ``hybrid`` falls back to it if the result is not
            sound; the report tells.
        triangles: at most so many; ``sides`` is lowered, or ``resolution``, until they suffice.
        fillet: radius in mm of the corners between struts; with it, or one of the next two, ``method`` is ``field``: a
            sampled field of distances, smooth and some 1,600 triangles a strut. See `assembly.field.field_solid`.
        node_radius: ``(n,)`` radii at the nodes in mm, from which struts taper.
        resolution: step of the field's grid in mm.
        workers: processes that unite what collides where that is much; 0 is one a core. The result is the same.

    Raises `ValueError` for a web that is not connected, too large, too thick for its edges (median radius over half the
    mean length), or too thin for float32 where it lies, and for too few triangles; `UnsoundSolid` if no sound solid is
    found.
    """
    since = time.perf_counter()
    sides = whole("sides", sides, *SIDES)
    density = number("density", density, "> 0 g/cm3", lambda value: value > 0)
    if method not in METHODS:
        raise ValueError(f"method is {method!r}, must be one of {', '.join(METHODS)}")
    given = {"fillet": fillet, "node_radius": node_radius, "resolution": resolution}
    asked: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if asked and method == "union":
        raise ValueError(f"method is 'union', must be 'field' for {' and '.join(asked)}")
    method = "field" if asked else method
    if triangles is not None:
        triangles = whole("triangles", triangles, 1)
    if web.m > MAX_STRUTS[method]:
        raise ValueError(f"web has {web.m} struts, at most {MAX_STRUTS[method]} can be made solid by {method}")
    check_web(web)
    if method == "field":
        from assembly.field import solid_of_field

        vertices, faces, report = solid_of_field(web, density, progress, triangles, since, **asked)
        return Solid(vertices, faces, report)
    step = float32_step(web)
    tell = progress or (lambda _: None)

    def make(method: str) -> Solid:
        from assembly.hybrid import is_compiled

        if not is_compiled():
            tell("compiling the mesher, which takes half a minute the first time")
        vertices, faces, united = _mesh(web, sides, step, method, triangles, workers, tell)
        tell("checking the solid")
        subset = None if len(faces) <= TEST_ALL else np.arange(len(faces)) >= len(faces) - united
        report = verified(
            vertices, faces, web, density=density, method=method, subset=subset, since=since, progress=progress
        )
        solid = Solid(vertices, faces, report)
        return _filled(solid, subset, density, since) if report.voids else solid

    try:
        return make(method)
    except RuntimeError as error:
        if method == "union" or web.m > MAX_STRUTS["union"]:
            raise
        tell(f"{error}: uniting everything instead")
        return make("union")


def _filled(solid: Solid, tested: npt.NDArray[np.bool_] | None, density: float, since: float) -> Solid:
    """The solid without the closed holes inside: what was verified of all its shells holds of the others.

    ``tested (f,)``: the faces that were tested against all others; all if None.
    """
    vertices, faces, kept = without_voids(solid.vertices, solid.faces)
    shells, old = shells_of(vertices, faces), solid.report
    volume, genus = float(shells.volume.sum()), int(shells.genus.sum())
    report = replace(
        old, volume_mm3=volume, mass_g=volume / 1000 * density, triangles=len(faces),
        triangles_per_strut=len(faces) / old.struts, shells=old.bodies, voids=0, genus=genus,
        contacts=old.contacts + genus - old.genus, seconds=time.perf_counter() - since,
        faces_tested=len(faces) if tested is None else int(np.count_nonzero(tested & kept)),
    )  # fmt: skip
    return Solid(vertices, faces, report)


def check_web(web: WebGraph) -> None:
    """Raise `ValueError` for a web in parts, or one of struts thicker than long: half the mean edge is the limit."""
    if not web.is_connected:
        count = web.components().max() + 1
        raise ValueError(f"web has {count} separate parts, must be connected: use web.largest_component()")
    radius, length = float(np.median(web.radius)), float(web.lengths.mean())
    if radius > length / 2:
        raise ValueError(
            f"strut radius is {radius:.4g} mm, must be at most half the mean edge length, {length / 2:.4g} mm"
        )


def _mesh(
    web: WebGraph,
    sides: int,
    step: float,
    method: str,
    triangles: int | None,
    workers: int,
    tell: Callable[[str], None],
) -> tuple[FloatArray, IntArray, int]:
    """Vertices and faces with as many sides as ``triangles`` allow; the last so many faces come from unions."""
    from assembly.hybrid import mesh

    def made(sides: int) -> tuple[FloatArray, IntArray, int]:
        return mesh(web, sides, step, SHORTEST_EDGE * step, method == "union", tell, workers)

    result = made(sides)
    if triangles is None or len(result[1]) <= triangles:
        return result
    low, high = SIDES[0], sides
    best = made(low) if low < sides else result
    if len(best[1]) > triangles:
        raise ValueError(f"triangles is {triangles}, must be at least {len(best[1])} for this web")
    while high - low > 1:
        middle = (low + high) // 2
        result = made(middle)
        if len(result[1]) <= triangles:
            low, best = middle, result
        else:
            high = middle
    return best


def float32_step(web: WebGraph) -> float:
    """The step of float32 where the web lies, mm; `ValueError` where struts are too thin for it."""
    reach, thinnest = float(np.abs(web.pos).max() + web.radius.max()), float(web.radius.min())
    step = float(np.spacing(np.float32(reach)))
    if SHORTEST_EDGE * step > FINEST_RADIUS * thinnest:
        raise ValueError(
            f"web has struts of radius {thinnest:.3g} mm up to {reach:.4g} mm from the origin, where float32 resolves "
            f"{step:.2g} mm: use thicker struts or move it nearer to the origin"
        )
    return step
