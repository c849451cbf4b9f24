"""What is wrong with a solid: its walls, its shells and its layers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from assembly.meshes import TriangleMesh
from assembly.printability.draining import LEAST_POINTS, drainage
from assembly.printability.layers import Layers
from assembly.printability.processes import Process
from assembly.printability.regions import Regions
from assembly.printability.report import Findings
from assembly.printability.rules import begun, flattest, span_rule, span_severity
from assembly.printability.spans import flat_spans
from assembly.printability.surfaces import Patch, hollows, overhang_angles, patches
from assembly.printability.thickness import wall_thickness
from structgen.web import FloatArray

#: A round strut made a prism of five sides or more measures at least this share of its diameter.
FACETS = 0.9
#: Border of a patch over the root of its area: 2.5 for a tube twice as long as wide, 3.5 and more for a web of skin.
BORDERED = 3.0
#: A thin wall has at least this area, both sides together, in squares of the limit.
SMALLEST_WALL = 8.0
#: A finding at a place marks the faces within this many mm.
MARK_MM = 2.0


def judge_mesh(
    mesh: TriangleMesh, process: Process, layers: Layers, regions: Regions, overhangs: Layers | None,
    supports: bool,
    findings: Findings,
) -> None:  # fmt: skip
    """Add findings on a closed mesh that stands on z = 0; see `assembly.printability.check.check_printability`."""
    near = _Near(mesh)
    _thin(mesh, process, findings)
    _hollow(mesh, process, near, findings)
    places = layers.middles(regions.roots) - [0, 0, layers.height / 2]
    for k in np.flatnonzero(loose_parts(regions, process)).tolist():
        part = f"a part of {regions.volumes[k]:.3g} mm3"
        if process.powder:
            message = f"{part} is not joined to the rest and comes out loose"
            findings.tell("floating", "warning", message, places[k], len(places), 1, near(places[k]))
        else:
            message = f"{part} floats {regions.births[k]:.3g} mm above the plate"
            findings.tell("floating", "error", message, places[k], regions.births[k], 0.0, near(places[k]))
    if overhangs is not None:
        for place, gap in islands(layers, regions, process):
            message = f"an island begins in the air and joins the rest only {gap:.3g} mm higher"
            findings.tell("island", begun(supports), message, place, gap, process.island_mm, near(place))
        _spans(process, layers, overhangs, supports, near, findings)
        _slopes(mesh, process, findings)


def _hollow(mesh: TriangleMesh, process: Process, near: _Near, findings: Findings) -> None:
    """Hollows that keep what a part is made from; where there is none, those that other programs misread."""
    what = "powder" if process.powder else "resin"
    for closed in hollows(mesh):
        hollow = f"a closed hollow of {closed.size:.4g} mm3"
        if process.traps:
            message = f"{hollow} keeps its {what}: add a drain hole, --fix does"
            findings.tell("trapped", "error", message, closed.where, closed.size, 0.0, closed.faces)
        else:
            message = f"{hollow} prints, but programs that count surfaces (admesh) take it for a part of its own"
            findings.tell("trapped", "warning", message, closed.where, closed.size, 0.0, closed.faces)
    if not process.traps:
        return
    drained = drainage(mesh, process.drain_mm)
    for narrow in drained.narrow:
        message = f"a hollow of {narrow.size:.4g} mm3 opens as a hole of {narrow.width:.2g} mm does"
        message += f", {process.drain_mm:g} mm let its {what} out: --fix drills it"
        reach = narrow.size ** (1 / 3)
        findings.tell("trapped", "error", message, narrow.where, narrow.width, process.drain_mm,
                      near(narrow.where, reach))  # fmt: skip
    if drained.step > process.drain_mm / LEAST_POINTS:
        message = f"the part is so large that its hollows were looked at every {drained.step:.2g} mm: "
        message += f"openings narrower than {process.drain_mm:g} mm may have been missed"
        findings.tell("resolution", "warning", message, mesh.bounds.mean(axis=0), drained.step,
                      process.drain_mm / LEAST_POINTS)  # fmt: skip


def loose_parts(regions: Regions, process: Process) -> npt.NDArray[np.bool_]:
    """``(c,)`` parts that do not stand on the plate; in powder, all but the largest. Specks are none."""
    if process.powder:
        loose = np.arange(len(regions.roots)) != np.argmax(regions.volumes)
    else:
        loose = regions.births > process.island_mm
    return np.asarray(loose & regions.whole(process.strut_mm))


def islands(layers: Layers, regions: Regions, process: Process) -> list[tuple[tuple[float, float, float], float]]:
    """Lowest places of the islands that hang too far above what they join, with the mm that they hang."""
    found = []
    for (x, y, z), gap in zip(layers.middles(regions.islands).tolist(), regions.hanging.tolist(), strict=True):
        bottom = z - layers.height / 2
        if gap > process.island_mm + 1e-9 and bottom - layers.corner[2] > process.island_mm:
            found.append(((x, y, bottom), gap))
    return found


class _Near:
    """Faces near a place."""

    def __init__(self, mesh: TriangleMesh) -> None:
        self.tree = cKDTree(mesh.corners.mean(axis=1))

    def __call__(self, where: Sequence[float] | FloatArray, reach: float = 0.0) -> list[int]:
        return sorted(self.tree.query_ball_point(where, MARK_MM + reach)) or [int(self.tree.query(where)[1])]


def thin_patches(mesh: TriangleMesh, process: Process) -> list[tuple[Patch, float]]:
    """Struts and walls too thin for the process, with their thickness in mm.

    The webs of skin in the crotch between two struts are thin, too, but small, and what is thick borders them for most
    of the way round; a strut only at its ends.
    """
    thickness = wall_thickness(mesh, 4 * process.strut_mm)
    found = []
    for patch in patches(mesh, thickness < FACETS * process.strut_mm, process.strut_mm**2):
        if patch.border < BORDERED * math.sqrt(patch.size) or patch.size > SMALLEST_WALL * process.strut_mm**2:
            found.append((patch, _quarter(thickness[patch.faces], mesh.face_areas[patch.faces])))
    return found


def _quarter(values: FloatArray, weights: FloatArray) -> float:
    """The value that a quarter of the weights lie below."""
    order = np.argsort(values, kind="stable")
    return float(values[order][np.searchsorted(np.cumsum(weights[order]), 0.25 * weights.sum())])


def _thin(mesh: TriangleMesh, process: Process, findings: Findings) -> None:
    for patch, thin in thin_patches(mesh, process):
        message = f"a strut or wall is {thin:.3g} mm thick, {process.strut_mm:g} mm prints"
        findings.tell("thin", "error", message, patch.where, thin, process.strut_mm, patch.faces)


def _spans(
    process: Process, layers: Layers, overhangs: Layers, supports: bool, near: _Near, findings: Findings
) -> None:
    for span in flat_spans(layers, overhangs, min(process.cantilever_mm, process.bridge_mm)):
        kind, limit, words = span_rule(span.bridge, process)
        if span.length > limit:
            message = f"a flat span of {span.length:.3g} mm {words}, {limit:g} mm print"
            severity = span_severity(span.length, limit, supports)
            findings.tell(kind, severity, message, span.where, span.length, limit, near(span.where, span.length / 2))


def _slopes(mesh: TriangleMesh, process: Process, findings: Findings) -> None:
    angle = overhang_angles(mesh)
    sloped = (angle < process.overhang_deg - 0.5) & (angle > flattest(process))
    for patch in patches(mesh, sloped, process.cantilever_mm**2):
        shallow = float(angle[patch.faces].min())
        message = f"{patch.size:.3g} mm2 of underside rise by {shallow:.3g} degrees, {process.overhang_deg:g} print"
        findings.tell("overhang", "warning", f"{message} without support", patch.where, shallow, process.overhang_deg,
                      patch.faces)  # fmt: skip
