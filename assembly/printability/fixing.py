"""What keeps a part from printing, mended as far as can be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from assembly.files.surface import Surface
from assembly.meshes import TriangleMesh
from assembly.printability import mesh_mending, web_mending
from assembly.printability.check import PLATE, Plate, check_printability, checked_plate
from assembly.printability.orientation import best_orientation, fits
from assembly.printability.part import Part
from assembly.printability.processes import Process, process_of
from assembly.printability.report import PrintReport
from structgen.web import WebGraph


@dataclass(frozen=True, eq=False)
class Fixed:
    """A part after mending.

    Arguments:
        part: the web or mesh, on z = 0; as it was given where nothing had to be done.
        changes: what was done, a line each; empty where nothing was.
        report: on the part as it is now.
    """

    part: WebGraph | TriangleMesh
    changes: tuple[str, ...]
    report: PrintReport


def fix(
    part: WebGraph | Surface, process: str = "fdm", plate: Plate = PLATE, limits: Mapping[str, float] | None = None,
    supports: bool = False,
) -> Fixed:  # fmt: skip
    """``part`` with its errors mended: what would not print, not what only prints less well.

    In this order: thin struts and walls are thickened, loose parts left out, hollows drilled open, the part is
    turned where that saves support or makes it fit, and pillars are put under what still begins in the air. Arguments
    and errors are those of `check_printability`. Mended once, a part is not changed again.
    """
    rules, room = process_of(process, limits), checked_plate(plate)
    report = check_printability(part, process, plate, limits, supports, orient=False)
    whole = Part.of(part)
    if report.prints or report.of("mesh"):
        return Fixed(whole.shape, (), report)
    changes: list[str] = []
    kinds = {finding.kind for finding in report.errors}
    shape = whole.shape
    if "thin" in kinds:
        shape = _thickened(shape, rules, changes)
    if "floating" in kinds:
        shape = _joined(shape, rules, changes)
    shape = Part(shape).grounded().shape
    if "trapped" in kinds and isinstance(shape, TriangleMesh):
        shape, count = mesh_mending.drained(shape, rules)
        if count:
            changes.append(f"{count} hollow{'s' if count > 1 else ''} drilled open by holes of {rules.drain_mm:g} mm")
    if not supports and not rules.powder and kinds & {"plate", "island", "overhang", "bridge"}:
        shape = _turned(shape, rules, room, changes)
        shape = _propped(shape, rules, changes)
    elif "plate" in kinds:
        shape = _turned(shape, rules, room, changes)
    shape = Part(shape).grounded().shape
    return Fixed(shape, tuple(changes), check_printability(shape, process, plate, limits, supports))


def _thickened(shape: WebGraph | TriangleMesh, process: Process, changes: list[str]) -> WebGraph | TriangleMesh:
    if isinstance(shape, WebGraph):
        shape, count = web_mending.thickened(shape, process)
        changes.append(f"{count} struts thickened to {process.strut_mm:g} mm")
    else:
        shape, count = mesh_mending.thickened(shape, process)
        if count:
            changes.append(f"walls thickened to {process.strut_mm:g} mm at {count} faces")
    return shape


def _joined(shape: WebGraph | TriangleMesh, process: Process, changes: list[str]) -> WebGraph | TriangleMesh:
    if isinstance(shape, WebGraph):
        shape, count = web_mending.without_loose(shape)
    else:
        shape, count = mesh_mending.without_loose(shape, process)
    changes.append(f"{count} loose part{'s' if count > 1 else ''} left out")
    return shape


def _turned(
    shape: WebGraph | TriangleMesh, process: Process, plate: Plate, changes: list[str]
) -> WebGraph | TriangleMesh:  # fmt: skip
    part = Part(shape)
    best = best_orientation(part, process, plate)
    if np.array_equal(best.rotation, np.eye(3)):
        return shape
    turned = part.turned(best.rotation)
    why = f"support {best.before:.4g} to {best.support:.4g} mm3" if fits(part.size, plate) else "to fit the plate"
    changes.append(f"turned, {why}")
    return turned.shape


def _propped(shape: WebGraph | TriangleMesh, process: Process, changes: list[str]) -> WebGraph | TriangleMesh:
    if isinstance(shape, WebGraph):
        shape, count = web_mending.propped(shape, process)
    else:
        shape, count = mesh_mending.propped(shape, process)
    if count:
        changes.append(f"{count} pillar{'s' if count > 1 else ''} put under what began in the air")
    return shape
