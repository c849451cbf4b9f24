"""Webs as they are drawn, side by side."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from structgen.generators.batches import Request

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]
SmallIntegers = npt.NDArray[np.int16]
Booleans = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]


class Drawn(NamedTuple):
    """B webs of up to T places, the origin first; see `growing.Growing` for what the numbers mean.

    pos ``(B, T, 3)``; kind, radius ``(B, T, T)``; parent ``(B, T)``; of each place, as things stand, degree ``(B, T)``,
    pull ``(B, T, 3)``, moment ``(B, T, 6)``; edges, thread ``(B,)`` so far; seen ``(B, 2, 3)``: the box of the places
    so far; struts ``(B, E, 2)``: the places that they join, of each web the first ``laid (B,)``.

    Asked for: nodes, wanted (edges), length (mean, mm), reach (mm: struts nearer than that cross) ``(B,)``; half
    ``(B, 3)``; corners ``(B, 2, 3)`` of what new nodes lie in.
    """

    pos: Floats
    kind: SmallIntegers
    radius: Floats
    parent: Integers
    degree: Floats
    pull: Floats
    moment: Floats
    edges: Floats
    thread: Floats
    seen: Floats
    struts: SmallIntegers
    laid: Integers
    nodes: Floats
    wanted: Floats
    length: Floats
    reach: Floats
    half: Floats
    corners: Floats

    @classmethod
    def empty(cls, places: int, request: Request, reach: Floats, corners: Floats) -> Drawn:
        """Nothing but the origin, in webs of up to so many places."""
        b = len(reach)
        f = np.float32
        wanted = (request.mean_degree * request.nodes / 2).round()
        return cls(
            np.zeros((b, places, 3), f), np.zeros((b, places, places), np.int16), np.zeros((b, places, places), f),
            np.zeros((b, places), np.int64), np.zeros((b, places), f), np.zeros((b, places, 3), f),
            np.zeros((b, places, 6), f), np.zeros(b, f), np.zeros(b, f), np.zeros((b, 2, 3), f),
            np.zeros((b, places * (places - 1) // 2, 2), np.int16), np.zeros(b, np.int64), request.nodes.numpy(),
            wanted.numpy(), request.mean_edge_length.numpy(), reach, request.half_box.numpy(), corners,
        )  # fmt: skip
