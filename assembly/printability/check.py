"""Would it print? A web or solid against the limits of a printing process."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from assembly.checks import number
from assembly.files.surface import Surface
from assembly.meshes import TriangleMesh
from assembly.printability.layers import Layers
from assembly.printability.mesh_findings import judge_mesh
from assembly.printability.orientation import best_orientation, fits
from assembly.printability.part import LINES_IN_STRUT, Part
from assembly.printability.processes import Process, process_of
from assembly.printability.regions import Regions, regions_of
from assembly.printability.report import Findings, PrintReport
from assembly.printability.supports import overhangs_of, supported_space
from assembly.printability.surfaces import closed
from assembly.printability.web_findings import judge_web
from structgen.web import WebGraph

#: Room to build in, mm: width, depth, height.
PLATE = (250.0, 210.0, 220.0)
Plate = tuple[float, float, float]


def check_printability(
    part: WebGraph | Surface, process: str = "fdm", plate: Plate = PLATE, limits: Mapping[str, float] | None = None,
    supports: bool = False, orient: bool = True,
) -> PrintReport:  # fmt: skip
    """What would keep ``part`` from printing as it lies, set down on the plate.

    Arguments:
        part: a web, a solid, or any closed mesh (``vertices``, ``faces``) in mm.
        process: ``"fdm"``, ``"resin"`` or ``"sls"``, see `assembly.printability.processes.PROCESSES`.
        plate: width, depth and height of the space to build in, mm.
        limits: values in place of the process's own, by field name of `Process` (``{"strut_mm": 0.6}``).
        supports: whether a slicer will put support under what hangs free, which then is a warning only.
        orient: look for a better orientation, too.

    A strut or wall is too thin, an island begins in the air, a flat span is too long: each is a `Finding` with its
    place, measure and limit. Webs are judged by their struts, meshes by their layers and walls. Raises `ValueError`.
    """
    rules = process_of(process, limits)
    room = checked_plate(plate)
    whole = Part.of(part)
    findings = Findings(whole.shape.m if isinstance(whole.shape, WebGraph) else len(whole.shape.faces))
    if isinstance(whole.shape, TriangleMesh) and not closed(whole.shape):
        findings.tell(
            "mesh", "error", f"the mesh {whole.shape.fault()}: it has no inside", whole.box.mean(axis=0), 0, 0
        )
        return PrintReport(rules.name, *findings.worst(), {"size_mm": whole.size.tolist()}, findings.marks)
    layers = whole.layers(rules.step_mm)
    regions = regions_of(layers)
    overhangs = None if rules.powder else overhangs_of(layers, rules.overhang_deg)
    if isinstance(whole.shape, WebGraph):
        judge_web(whole.shape, rules, supports, findings)
    else:
        judge_mesh(whole.shape, rules, layers, regions, overhangs, supports, findings)
        _judge_grid(whole, rules, layers, findings)
    _judge_size(whole, room, findings)
    numbers = {"size_mm": whole.size.tolist(), "plate_mm": list(room), "fits_plate": fits(whole.size, room)}
    numbers |= _numbers(whole, rules, layers, regions, overhangs)
    if orient and not rules.powder:
        best = best_orientation(whole, rules, room)
        numbers["orientation"] = {
            "rotation": best.rotation.tolist(),
            "support_volume_mm3": best.support,
            "saves_mm3": best.before - best.support,
        }
    return PrintReport(rules.name, *findings.worst(), numbers, findings.marks)


def checked_plate(plate: Any) -> Plate:
    """Width, depth and height in mm; raises `ValueError`."""
    try:
        width, depth, height = plate
    except (TypeError, ValueError):
        raise ValueError(f"plate is {plate!r}, must be (width, depth, height) in mm") from None
    return (
        number("width of plate", width, "> 0 mm", lambda x: x > 0),
        number("depth of plate", depth, "> 0 mm", lambda x: x > 0),
        number("height of plate", height, "> 0 mm", lambda x: x > 0),
    )


def _judge_size(part: Part, plate: Plate, findings: Findings) -> None:
    if not fits(part.size, plate):
        box, room = (" x ".join(f"{side:.4g}" for side in sides) for sides in (part.size, plate))
        over = max(float(side) / room for side, room in zip(part.size, plate, strict=True))
        message = f"the part is {box} mm, larger than the plate of {room} mm"
        findings.tell("plate", "error", message, part.box.mean(axis=0), over, 1.0)


def _judge_grid(part: Part, process: Process, layers: Layers, findings: Findings) -> None:
    """A warning where a large mesh is cut so coarsely that thin struts slip through; webs are judged without layers."""
    step, needed = max(layers.pitch, layers.height), process.strut_mm / LINES_IN_STRUT
    if step > 1.5 * needed:
        message = f"the part is so large that it was cut every {step:.2g} mm: thin struts may have been missed"
        findings.tell("resolution", "warning", message, part.box.mean(axis=0), step, needed)


def _numbers(
    part: Part, process: Process, layers: Layers, regions: Regions, overhangs: Layers | None
) -> dict[str, Any]:  # fmt: skip
    space, sides = (0.0, 0.0) if overhangs is None else supported_space(layers, overhangs)
    support = process.support_share * space + process.support_wall_mm * sides
    walls = min(layers.volume, part.area * process.wall_mm)
    material = walls + process.infill * (layers.volume - walls)
    count = math.ceil(part.size[2] / process.layer_mm - 1e-6)
    seconds = count * process.layer_s
    if process.flow:
        # Coarser layers than the printer's have fewer regions.
        seconds += material / process.flow + regions.count * layers.height / process.layer_mm * process.region_s
    support_seconds = support / process.flow if process.flow else 0.0
    return {
        "volume_mm3": layers.volume,
        "mass_g": material / 1000 * process.density,
        "parts": int(regions.whole(process.strut_mm).sum()),
        "layers": count,
        "hours": seconds / 3600,
        "support_volume_mm3": space,
        "support_to_part": space / layers.volume if layers.volume else 0.0,
        "support_mass_g": support / 1000 * process.density,
        "support_hours": support_seconds / 3600,
        "limits": process.as_dict(),
    }
