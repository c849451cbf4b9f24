"""Frames in other codes, for `frames.py`: OpenSeesPy with co-rotational beams, PyNite for small displacements."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator
from typing import Any

import numpy as np

from simulate.mechanics.frame.model import Frame
from structgen.web import WebGraph

FloatArray = np.ndarray


def opensees_bend(pos: FloatArray, force: float) -> FloatArray:
    """Where OpenSees moves the tip of the bend with nodes at ``pos``."""
    pieces = len(pos) - 1
    ends = np.stack([np.arange(pieces), np.arange(1, pieces + 1)])
    with opensees() as ops:
        opensees_frame(ops, pos, ends, (1.0, 1e7, 5e6, 0.1406, 1 / 12, 1 / 12))
        ops.fix(1, *[1] * 6)
        ops.timeSeries("Linear", 1)
        ops.pattern("Plain", 1, 1)
        ops.load(pieces + 1, 0.0, 0.0, force, 0.0, 0.0, 0.0)
        opensees_solve(ops, ("LoadControl", 0.01), 100)
        return np.asarray(pos[-1] + [ops.nodeDisp(pieces + 1, k) for k in (1, 2, 3)])


def opensees_crushed(
    frame: Frame, low: Any, high: Any, way: FloatArray, radius: float, modulus: float
) -> tuple[float, FloatArray]:
    """Force of OpenSees times the way, and its places of nodes."""
    inertia = np.pi * radius**4 / 4
    with opensees() as ops:
        section = (np.pi * radius**2, modulus, modulus / (2 * 1.36), 2 * inertia, inertia, inertia)
        opensees_frame(ops, frame.pos, frame.ends, section)
        for node in low.tolist():
            ops.fix(node + 1, *[1] * 6)
        for node in high.tolist():
            ops.fix(node + 1, 0, 0, 0, 1, 1, 1)
        ops.timeSeries("Linear", 1)
        ops.pattern("Plain", 1, 1)
        for node in high.tolist():
            for k in range(3):
                ops.sp(node + 1, k + 1, float(way[k]))
        opensees_solve(ops, ("LoadControl", 0.02), 50)
        ops.reactions()
        force = sum(float(np.dot([ops.nodeReaction(node + 1, k) for k in (1, 2, 3)], way)) for node in high.tolist())
        moved = [[ops.nodeDisp(node + 1, k) for k in (1, 2, 3)] for node in range(frame.n)]
    return force, frame.pos + np.array(moved)


@contextlib.contextmanager
def opensees() -> Iterator[Any]:
    """A fresh model of OpenSees, which writes to the descriptor of standard error."""
    import openseespy.opensees as ops

    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        ops.wipe()
        ops.model("basic", "-ndm", 3, "-ndf", 6)
        yield ops
    finally:
        ops.wipe()
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def opensees_frame(ops: Any, pos: FloatArray, ends: Any, section: tuple[float, ...]) -> None:
    """Nodes and co-rotational beams."""
    for k, place in enumerate(pos.tolist()):
        ops.node(k + 1, *place)
    for k, (i, j) in enumerate(ends.T.tolist()):
        along = pos[j] - pos[i]
        ops.geomTransf("Corotational", k + 1, *np.eye(3)[np.abs(along).argmin()].tolist())
        ops.element("elasticBeamColumn", k + 1, i + 1, j + 1, *section, k + 1)


def opensees_solve(ops: Any, integrator: tuple[Any, ...], steps: int) -> None:
    """Newton's method in ``steps``."""
    for call, words in (("constraints", ("Transformation",)), ("numberer", ("RCM",)), ("system", ("UmfPack",)),
                        ("test", ("NormUnbalance", 1e-7, 30)), ("algorithm", ("Newton",)),
                        ("integrator", integrator), ("analysis", ("Static",))):  # fmt: skip
        getattr(ops, call)(*words)
    if ops.analyze(steps) != 0:
        raise SystemExit("OpenSees finds no equilibrium")


def pynite(web: WebGraph, held: Any, load: FloatArray, modulus: float, shear: float, radius: float) -> FloatArray:
    """PyNite's displacements ``(n, 3)``."""
    from Pynite import FEModel3D

    model = FEModel3D()
    model.add_material("m", modulus, shear, 0.36, 1.0)
    inertia = np.pi * radius**4 / 4
    model.add_section("s", np.pi * radius**2, inertia, inertia, 2 * inertia)
    for k, place in enumerate(web.pos.tolist()):
        model.add_node(f"{k}", *place)
    for k, (i, j) in enumerate(web.edge_index.T.tolist()):
        model.add_member(f"{k}", f"{i}", f"{j}", "m", "s")
    for k in held.tolist():
        model.def_support(f"{k}", *[True] * 6)
    for k, row in enumerate(load.tolist()):
        for way, value in zip(("FX", "FY", "FZ", "MX", "MY", "MZ"), row, strict=True):
            model.add_node_load(f"{k}", way, value)
    with contextlib.redirect_stdout(io.StringIO()):
        model.analyze_linear()
    return np.array(
        [[getattr(model.nodes[f"{k}"], way)["Combo 1"] for way in ("DX", "DY", "DZ")] for k in range(web.n)]
    )
