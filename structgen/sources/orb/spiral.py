"""Hub, strengthening zone and capture spiral of an orb web."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from structgen.sources.orb.loom import CLOSEST, RADIAL, SPIRAL, FloatArray, Loom, Spokes

#: How many radii share a node of the hub's rim: chances of 1 to 4; fitted.
HUB_GROUPS = (0.15, 0.35, 0.35, 0.15)
#: Least and greatest distance between turns, in meshes; fitted.
SPACING = (0.55, 2.0)
NO_ROOM = "free_zone and hub leave no room for a capture spiral: make them smaller, or the web larger"


def spin_hub(loom: Loom, rng: np.random.Generator, spokes: Spokes, hub_radius: float) -> None:
    """The hub: radii converge by ones to fours on its rim, whose threads run on to a small ring in the middle."""
    count = len(spokes.angle)
    sizes: list[int] = []
    while sum(sizes) < count:
        sizes.append(min(int(rng.choice([1, 2, 3, 4], p=HUB_GROUPS)), max(1, count // 5)))
    sizes[-1] -= sum(sizes) - count
    rim, pulls, first = [], [], 0
    for size in sizes:
        members = np.arange(first, first + size)
        first += size
        out = np.exp(1j * spokes.angle[members]) @ spokes.tension[members]
        r = hub_radius * np.exp(0.1 * rng.standard_normal())
        rim.append(loom.node(r, float(np.angle(out))))
        pulls.append(float(abs(out)))
        for j in members:
            spokes.line[j].append((r, rim[-1]))
    middle = max(3, round(len(rim) / 3))
    core = [loom.node(0.4 * hub_radius, float(np.angle(np.exp(1j * a)))) for a in _core_angles(loom, rim, middle)]
    load = np.zeros(middle)
    for k, node in enumerate(rim):
        loom.thread(node, rim[(k + 1) % len(rim)], RADIAL, 1.2)
        inward = max(0.3, pulls[k] - 2.4 * np.sin(np.pi / len(rim)))
        loom.thread(node, core[k * middle // len(rim)], RADIAL, inward)
        load[k * middle // len(rim)] += inward
    for k in range(middle):
        loom.thread(core[k], core[(k + 1) % middle], RADIAL, float(load.mean() / (2 * np.sin(np.pi / middle))))


def _core_angles(loom: Loom, rim: list[int], middle: int) -> list[float]:
    """For each node of the inner ring the mean angle of the rim nodes that lead to it."""
    towards = np.zeros(middle, complex)
    for k, node in enumerate(rim):
        towards[k * middle // len(rim)] += complex(*loom.pos[node])
    return np.angle(towards).tolist()


def spin_strengthening(
    loom: Loom, rng: np.random.Generator, spokes: Spokes, turns: float, mesh: float, gap: float, irregularity: float
) -> None:
    """The strengthening zone: a spiral of short threads from the hub outwards."""
    count = len(spokes.angle)
    start, previous = int(rng.integers(count)), -1
    for k in range(round(turns * count)):
        j = (start + k) % count
        r = spokes.line[j][-1][0] + (gap if k < count else mesh) * np.exp(0.5 * irregularity * rng.standard_normal())
        if r > spokes.reach[j] - mesh:
            previous = -1
            continue
        node = spokes.node(loom, j, r)
        spokes.line[j].append((r, node))
        if previous >= 0:
            loom.thread(previous, node, SPIRAL)
        previous = node


@dataclass
class Spider:
    """The spider at work on the capture spiral, which it lays from the outside in.

    front: how far out each radius is still free. last: the innermost node of the capture spiral on each radius.
    """

    loom: Loom
    rng: np.random.Generator
    spokes: Spokes
    inner: FloatArray
    outer: FloatArray
    mesh: float
    irregularity: float
    reverses: float
    doubles: float

    def spin(self) -> None:
        count = len(self.inner)
        self.front = np.where(self.outer - self.inner > CLOSEST * self.mesh, self.outer + self.mesh, self.inner)
        self.before = self.front.copy()
        self.last = [-1] * count
        self.found: list[list[tuple[float, int]]] = [[] for _ in range(count)]
        self.patience = self._patience()
        self.bare = [0] * count
        k, step = int(np.argmax(self.outer)), 1 if self.rng.random() < 0.5 else -1
        if not self._room(k):
            raise ValueError(
                "free_zone and hub leave no room for a capture spiral: make them smaller, or the web larger"
            )
        node = self._attach(k, k)
        # Each step lays a thread or turns; the bound is for spiders that go round in circles.
        for _ in range(1000 + int(20 * np.maximum(self.front - self.inner, 0).sum() / self.mesh)):
            j = (k + step) % count
            if not self._room(j):
                step = -step
                j = (k + step) % count
                if not self._room(j):
                    k = self._walk(k)
                    if k < 0:
                        break
                    node = self._attach(k, k)
                    continue
            elif self._turns_back(j, step):
                self.bare[k] = step
                step = -step
                continue
            if self.last[j] >= 0 and (self.bare[j] == -step or self.rng.random() < self.doubles):
                # Two turns become one: the thread ends in the turn outside, and the next leaves it further on.
                self.loom.thread(node, self.last[j], SPIRAL)
                self.bare[j] = 0
                if self.rng.random() < 0.75 and self.last[(j + step) % count] >= 0:
                    j = (j + step) % count
                node, k = self.last[j], j
                continue
            reached = self._attach(j, k)
            self.loom.thread(node, reached, SPIRAL)
            node, k = reached, j
        if sum(len(found) > 0 for found in self.found) < 3:
            raise ValueError(NO_ROOM)
        for line, found in zip(self.spokes.line, self.found, strict=True):
            line.extend(found[::-1])

    def _room(self, j: int) -> bool:
        return bool(self.front[j] - self.inner[j] > 0.9 * self.mesh)

    def _walk(self, k: int) -> int:
        """The nearest radius where a thread of three radii or more is still to be laid, or -1."""
        count = len(self.front)
        room = self.front - self.inner > 1.2 * self.mesh
        wide = np.all([np.roll(room, shift) for shift in range(-3, 4)], axis=0)
        away = np.abs((np.arange(count) - k + count // 2) % count - count // 2)
        return int(np.argmin(np.where(wide, away, count))) if wide.any() else -1

    def _patience(self) -> float:
        return float(self.rng.uniform(0.5, 6.0))

    def _turns_back(self, j: int, step: int) -> bool:
        """Whether the spider, about to go on to radius j, reverses: ahead less is left to fill than elsewhere."""
        left = (self.front - self.inner) / self.mesh
        ahead, behind = (left[(j + step * np.arange(*reach)) % len(left)].mean() for reach in ((0, 3), (-3, 0)))
        if left.max() < 4 or ahead > behind - 0.2 or left.max() - ahead < self.patience:
            return False
        self.patience = self._patience()
        return bool(self.rng.random() < self.reverses)

    def _attach(self, j: int, k: int) -> int:
        """A new node on radius j, a mesh further in than the last; the spacing evens out bumps of the front."""
        count = len(self.front)
        spacing = self.mesh * float(np.exp(self.irregularity * self.rng.standard_normal()))
        if j != k:
            ahead = (2 * j - k) % count
            spacing += 0.5 * (self.front[j] - (self.before[k] + self.front[ahead]) / 2)
        spacing = float(np.clip(spacing, SPACING[0] * self.mesh, SPACING[1] * self.mesh))
        self.before[j] = self.front[j]
        self.front[j] = np.clip(self.front[j] - spacing, self.inner[j], self.outer[j])
        self.bare[j] = 0
        node = self.spokes.node(self.loom, j, float(self.front[j]))
        self.found[j].append((float(self.front[j]), node))
        self.last[j] = node
        return node
