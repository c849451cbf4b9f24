"""How grave a thing is."""

from __future__ import annotations

import math

from assembly.printability.processes import Process
from assembly.printability.report import Severity

#: A flat span longer than this many times its limit falls down; a shorter one sags.
FALLS = 2.5


def begun(supports: bool) -> Severity:
    """Of what begins in the air."""
    return "warning" if supports else "error"


def span_rule(bridge: bool, process: Process) -> tuple[str, float, str]:
    """Kind of finding, limit in mm and words for a flat span, held at both ends or at one."""
    if bridge:
        return "bridge", process.bridge_mm, "held at both ends"
    return "overhang", process.cantilever_mm, "held at one end"


def span_severity(length: float, limit: float, supports: bool) -> Severity:
    """Of a flat span longer than its limit."""
    return "error" if length > FALLS * limit and not supports else "warning"


def flattest(process: Process) -> float:
    """Degrees below which a slope is a flat span: each layer reaches further out than an overhang may be."""
    return math.degrees(math.atan2(process.step_mm, process.cantilever_mm))
