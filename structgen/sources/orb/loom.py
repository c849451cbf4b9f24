"""The orb web under construction: threads laid so far, and the radii they are laid across."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

FRAME, RADIAL, SPIRAL, ANCHOR = 1, 2, 3, 7
#: Tension of a thread by kind, relative to a radius at the hub: frame to radius after E. Wirth & F. G. Barth, J. Comp.
#: Physiol. A 171 (1992) 359; the spiral's is chosen. A radius pulls harder the further out, as every turn pulls it
#: inwards; an anchor thread pulls as hard as its corner of the frame needs.
TENSION = {FRAME: 7.0, RADIAL: 1.0, SPIRAL: 0.03}
#: Strut radius of a thread by kind, relative to the capture spiral; chosen.
RELATIVE_RADIUS = {FRAME: 2.0, RADIAL: 1.5, SPIRAL: 1.0, ANCHOR: 2.0}
#: Least distance between neighbouring attachments on a thread, in meshes.
CLOSEST = 0.3


@dataclass
class Loom:
    """The web under construction: growing lists, one entry a node or a thread."""

    pos: list[tuple[float, float]] = field(default_factory=list)
    ends: list[tuple[int, int]] = field(default_factory=list)
    kind: list[int] = field(default_factory=list)
    tension: list[float] = field(default_factory=list)
    held: list[int] = field(default_factory=list)
    known: set[tuple[int, int]] = field(default_factory=set)

    def node(self, r: float, angle: float) -> int:
        self.pos.append((r * np.cos(angle), r * np.sin(angle)))
        return len(self.pos) - 1

    def thread(self, i: int, j: int, kind: int, tension: float | None = None) -> None:
        pair = (min(i, j), max(i, j))
        if pair in self.known:
            return
        self.known.add(pair)
        self.ends.append((i, j))
        self.kind.append(kind)
        self.tension.append(TENSION[kind] if tension is None else tension)

    def force_density(self) -> FloatArray:
        """Tension over length as drawn, so that the tension keeps the drawn shape where that is balanced."""
        a, b = np.array(self.pos)[np.array(self.ends).T]
        density: FloatArray = np.array(self.tension) / np.linalg.norm(a - b, axis=1)
        return density


@dataclass
class Spokes:
    """The radii: where each points, how far it reaches, its outer node, its tension at the hub, and what lies on it.

    line: for each radius the ``(distance from hub, node)`` on it from the hub outwards.
    """

    angle: FloatArray
    reach: FloatArray
    end: list[int]
    tension: FloatArray
    line: list[list[tuple[float, int]]]

    def node(self, loom: Loom, j: int, r: float) -> int:
        """A node on radius j at ``r`` from the hub, on the straight line from the hub's rim to the frame."""
        start, rim = self.line[j][0]
        share = (r - start) / (self.reach[j] - start)
        (x, y), (u, v) = loom.pos[rim], loom.pos[self.end[j]]
        loom.pos.append((x + share * (u - x), y + share * (v - y)))
        return len(loom.pos) - 1
