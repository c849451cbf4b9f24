"""Anchor threads, frame and radii of an orb web: the scaffold that the spirals are laid on."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np

from structgen.force_density import equilibrium
from structgen.sources.orb.loom import ANCHOR, FRAME, RADIAL, TENSION, FloatArray, Loom, Spokes

#: How far the frame lies outside the capture area, and how unevenly; fitted.
MARGIN, UNEVEN = 1.06, 0.05
#: Length of an anchor thread over the mean radius of the capture area, median and sigma of its logarithm; fitted.
ANCHOR_LENGTH, ANCHOR_SPREAD = 0.12, 0.6
#: Tension of a secondary frame thread over that of a frame thread; chosen.
SECONDARY = 0.5


def outline(width: float, height: float, asymmetry: float) -> Callable[[FloatArray], FloatArray]:
    """Distance from hub to the edge of the capture area, an ellipse about a point below the hub, by angle."""
    a, b, drop = width / 2, height / 2, asymmetry * height / 2

    def distance(angle: FloatArray) -> FloatArray:
        x, y = np.cos(angle) / a, np.sin(angle) / b
        square, linear = x**2 + y**2, y * drop / b
        found: FloatArray = (-linear + np.sqrt(linear**2 + square * (1 - (drop / b) ** 2))) / square
        return found

    return distance


def uneven_angles(
    rng: np.random.Generator,
    count: int,
    irregularity: float,
    distance: Callable[[FloatArray], FloatArray] | None = None,
) -> FloatArray:
    """``count`` ascending angles around a circle whose gaps are log-normal with sigma ``irregularity``.

    With ``distance``, gaps are the smaller the further out the web reaches there: ends lie evenly along its edge.
    """
    gap = np.exp(irregularity * np.clip(rng.standard_normal(count), -2, 2))
    turn: FloatArray = (np.cumsum(gap) / gap.sum() + rng.random()) * 2 * np.pi
    if distance is None:
        return turn
    grid = np.linspace(0, 2 * np.pi, 721)
    along = np.concatenate([[0.0], np.cumsum((distance(grid[1:]) + distance(grid[:-1])) / 2)])
    angles: FloatArray = np.interp(turn % (2 * np.pi), along / along[-1] * 2 * np.pi, grid)
    return np.sort(angles)


def spin_frame(
    loom: Loom,
    rng: np.random.Generator,
    angle: FloatArray,
    outline: Callable[[FloatArray], FloatArray],
    anchors: int,
    secondary: float,
    forked: float,
    closest: float,
) -> list[list[int]]:
    """Anchor, frame and secondary frame threads; returns the one node, or two of a fork, where each radius ends."""
    turn = uneven_angles(rng, anchors, 0.3)
    far = MARGIN * outline(turn) * np.exp(UNEVEN * rng.standard_normal(anchors))
    # A corner that a secondary frame thread cuts off stands out, or the two would lie on each other.
    cut = rng.random(anchors) < secondary
    far = np.where(cut, far * rng.uniform(1.1, 1.25, size=anchors), far)
    corner = [loom.node(r, a) for r, a in zip(far, turn, strict=True)]
    size = float(outline(turn).mean())
    for k in range(anchors):
        length = size * max(ANCHOR_LENGTH * np.exp(ANCHOR_SPREAD * rng.standard_normal()), 0.08)
        out = turn[k] + 0.35 * rng.standard_normal()
        x, y = loom.pos[corner[k]]
        loom.pos.append((x + length * np.cos(out), y + length * np.sin(out)))
        loom.held.append(len(loom.pos) - 1)
        near = [turn[k] - turn[k - 1], turn[(k + 1) % anchors] - turn[k]]
        bend = sum(np.sin(((gap + np.pi) % (2 * np.pi) - np.pi) / 2) for gap in near)
        stress = 1.3 if cut[k] else 1.0
        loom.thread(loom.held[-1], corner[k], ANCHOR, stress * (TENSION[FRAME] * float(bend) + len(angle) / anchors))
    # A line is a frame thread with what is attached along it: ``[share of its length, node]``.
    lines = [[(0.0, corner[k]), (1.0, corner[(k + 1) % anchors])] for k in range(anchors)]
    place = np.array([loom.pos[c] for c in corner])
    span = [(place[k], place[(k + 1) % anchors]) for k in range(anchors)]
    for k in np.flatnonzero(cut).tolist():
        before, after = 1 - rng.uniform(0.25, 0.45), rng.uniform(0.25, 0.45)
        sides = (((k - 1) % anchors, before), (k, after))
        p, q = (span[e][0] + t * (span[e][1] - span[e][0]) for e, t in sides)
        below = _crossing(turn[k], p, q)
        if below is None or far[k] - below[0] < 2 * closest or not any(_crossing(a, p, q) for a in angle):
            continue
        i, j = (loom.node(float(np.hypot(*at)), float(np.arctan2(at[1], at[0]))) for at in (p, q))
        for (e, t), node in zip(sides, (i, j), strict=True):
            lines[e].append((t, node))
        lines.append([(0.0, i), (1.0, j)])
        span.append((p, q))
    ends: list[list[int]] = []
    hit: list[tuple[int, float]] = []
    for a in angle:
        r, e, t = min((r, e, t) for e, (p, q) in enumerate(span) for r, t in [_crossing(a, p, q) or (np.inf, 0.0)])
        ends.append([loom.node(r, a)])
        lines[e].append((t, ends[-1][0]))
        hit.append((e, t))
    for j in np.flatnonzero(rng.random(len(angle)) < forked).tolist():
        e, t = hit[j]
        half = min(abs(t - other) for other, node in lines[e] if node != ends[j][0]) / 2
        length = float(np.linalg.norm(span[e][1] - span[e][0]))
        if half * length > 1.2 * closest:
            half = 1.2 * closest / length
            lines[e].remove((t, ends[j][0]))
            ends[j].append(loom.node(1.0, 0.0))
            lines[e] += [(t - half, ends[j][0]), (t + half, ends[j][1])]
    for number, (line, (p, q)) in enumerate(zip(lines, span, strict=True)):
        line.sort()
        shares = _spread(np.array([t for t, _ in line]), closest / float(np.linalg.norm(q - p)))
        for t, (_, node) in zip(shares[1:-1], line[1:-1], strict=True):
            x, y = p + t * (q - p)
            loom.pos[node] = (float(x), float(y))
        for (_, i), (_, j) in itertools.pairwise(line):
            loom.thread(i, j, FRAME, TENSION[FRAME] * (1.0 if number < anchors else SECONDARY))
    return ends


def _crossing(angle: float, p: FloatArray, q: FloatArray) -> tuple[float, float] | None:
    """Distance from hub and share of p q where a ray from the hub meets it, if it does."""
    ray, along = np.array([np.cos(angle), np.sin(angle)]), q - p
    across = ray[0] * along[1] - ray[1] * along[0]
    if abs(across) < 1e-12:
        return None
    r = (p[0] * along[1] - p[1] * along[0]) / across
    t = (p[0] * ray[1] - p[1] * ray[0]) / across
    return (float(r), float(t)) if r > 0 and 0 <= t <= 1 else None


def _spread(shares: FloatArray, gap: float) -> FloatArray:
    """Ascending shares from 0 to 1 moved apart to ``gap``, or as far as there is room."""
    steps = np.diff(shares)
    gap = min(gap, 0.8 / len(steps))
    room = np.maximum(steps - gap, 0)
    moved: FloatArray = np.concatenate([[0.0], np.cumsum(gap + room * (1 - gap * len(steps)) / max(room.sum(), 1e-12))])
    return moved


def tighten_scaffold(loom: Loom, ends: list[list[int]]) -> Spokes:
    """Frame and radii drawn taut about a hub that stays where it is, by the least change of even radius tensions."""
    pos = np.array(loom.pos)
    for end in ends:
        if len(end) == 2:  # a fork: its prongs leave the radius a little short of the frame
            tip = pos[end].mean(axis=0)
            stem = tip * (1 - 1.2 * np.linalg.norm(pos[end[0]] - pos[end[1]]) / np.linalg.norm(tip))
            loom.pos.append((float(stem[0]), float(stem[1])))
            for prong in end:
                loom.thread(prong, len(loom.pos) - 1, RADIAL, 0.55)
            end.insert(0, len(loom.pos) - 1)
    outer = [end[0] for end in ends]
    unit = np.array([loom.pos[k] for k in outer])
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    tension = 1 - unit @ np.linalg.solve(unit.T @ unit, unit.sum(axis=0))
    tension = np.clip(tension, 0.3, 3.0)
    threads, hub = len(loom.ends), loom.node(0.0, 0.0)
    for k, pull in zip(outer, tension, strict=True):
        loom.thread(hub, k, RADIAL, float(pull) * 1.15)
    flat = np.column_stack([loom.pos, np.zeros(len(loom.pos))])
    density = loom.force_density()
    taut = equilibrium(flat, np.array(loom.ends).T, density, [*loom.held, hub])[:, :2]
    a, b = taut[np.array(loom.ends).T]
    loom.tension = (density * np.linalg.norm(a - b, axis=1)).tolist()
    loom.pos = [(float(x), float(y)) for x, y in taut[:hub]]
    # The hub node and its threads stood in for the hub that is built next.
    for column in (loom.ends, loom.kind, loom.tension):
        del column[threads:]
    loom.known = {(min(pair), max(pair)) for pair in loom.ends}
    at = taut[outer]
    order = np.argsort(np.arctan2(at[:, 1], at[:, 0]), kind="stable")
    at = at[order]
    return Spokes(
        np.arctan2(at[:, 1], at[:, 0]), np.hypot(*at.T), [outer[k] for k in order], tension[order], [[] for _ in outer]
    )
