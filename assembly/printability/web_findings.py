"""What is wrong with a web: its struts one by one."""

from __future__ import annotations

import math

import numpy as np

from assembly.printability.processes import Process
from assembly.printability.report import Findings
from assembly.printability.rules import begun, flattest, span_rule, span_severity
from assembly.printability.struts import hanging
from structgen.web import WebGraph


def judge_web(web: WebGraph, process: Process, supports: bool, findings: Findings) -> None:
    """Add findings on a web that stands on z = 0; see `assembly.printability.check.check_printability`."""
    _thin(web, process, findings)
    if process.powder:
        _loose(web, findings)
    else:
        _hanging(web, process, supports, findings)


def _thin(web: WebGraph, process: Process, findings: Findings) -> None:
    middle = web.pos[web.edge_index].mean(axis=0)
    for e in np.flatnonzero(2 * web.radius < process.strut_mm * (1 - 1e-6)).tolist():
        thick = 2 * float(web.radius[e])
        message = f"strut {e} is {thick:.3g} mm thick, {process.strut_mm:g} mm prints"
        findings.tell("thin", "error", message, middle[e], thick, process.strut_mm, e, e)


def _loose(web: WebGraph, findings: Findings) -> None:
    """In powder parts that are not joined print, each for itself."""
    label = web.components()
    _, nodes, sizes = np.unique(label, return_index=True, return_counts=True)
    for part in np.argsort(-sizes, kind="stable")[1:].tolist():
        message = f"a part of {sizes[part]} nodes is not joined to the rest and comes out loose"
        struts = np.flatnonzero(label[web.edge_index[0]] == part)
        findings.tell("floating", "warning", message, web.pos[nodes[part]], len(sizes), 1, struts)


def _hanging(web: WebGraph, process: Process, supports: bool, findings: Findings) -> None:
    free = hanging(web, process)
    label = web.components()
    for node, depth in zip(free.islands.tolist(), free.depth.tolist(), strict=True):
        where = web.pos[node]
        if math.isinf(depth):
            message = f"a part floats {where[2]:.3g} mm above the plate, joined to nothing"
            struts = np.flatnonzero(label[web.edge_index[0]] == label[node])
            findings.tell("floating", "error", message, where, where[2], 0.0, struts)
        else:
            message = f"node {node} begins in the air and joins the rest only {depth:.3g} mm higher"
            struts = np.flatnonzero((web.edge_index == node).any(axis=0))
            findings.tell("island", begun(supports), message, where, depth, process.island_mm, struts)
    middle = web.pos[web.edge_index].mean(axis=0)
    sloped = (free.slope < process.overhang_deg - 1e-6) & (free.slope > flattest(process))
    for e in np.flatnonzero(sloped).tolist():
        message = f"strut {e} rises by {free.slope[e]:.3g} degrees, {process.overhang_deg:g} print without support"
        findings.tell("overhang", "warning", message, middle[e], free.slope[e], process.overhang_deg, e, e)
    for e in np.flatnonzero(free.span > 0).tolist():
        kind, limit, words = span_rule(bool(free.bridge[e]), process)
        span = float(free.span[e])
        if span > limit * (1 + 1e-6):
            message = f"strut {e} is part of a flat span of {span:.3g} mm {words}, {limit:g} mm print"
            findings.tell(kind, span_severity(span, limit, supports), message, middle[e], span, limit, e, e)
