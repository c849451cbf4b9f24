"""A sheet web, as Linyphiidae build: a dense sheet, drawn up to a dome, between two tangles."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from structgen.seeds import generator
from structgen.sources.procedural.checks import check_counts, check_lengths
from structgen.sources.procedural.settle import settled
from structgen.sources.procedural.silk import ANCHOR, FRAME, SHEET, TANGLE
from structgen.sources.procedural.spinning import Spinning
from structgen.sources.procedural.supports import crossings, dropped, framed, hung, inside, suspended
from structgen.web import WebGraph

FloatArray = npt.NDArray[np.float64]


def sheet(
    seed: int,
    sheet_length: float = 160.0,
    sheet_width: float = 120.0,
    mesh_width: float = 2.8,
    frame_anchors: int = 16,
    tangle_height: float = 90.0,
    suspension_threads: int = 14,
    stopping_threads: int = 120,
    tangle_threads: int = 500,
    tangle_thread_length: float = 22.0,
    lower_height: float = 40.0,
    guy_lines: int = 24,
    lower_threads: int = 120,
    radius: float = 0.1,
    max_degree: int = 8,
) -> WebGraph:
    """A sheet web, as Linyphiidae build, in equilibrium under tension.

    Built as a spider does (Benjamin & Zschokke, J. Evol. Biol. 17 (2004) 120, on *Linyphia*): anchor threads and a
    frame, the sheet of threads that cross in all directions, the tangle above, and lines below that draw it down.

    Arguments:
        seed: same seed, same web.
        sheet_length, sheet_width: axes of the elliptic sheet, mm, 8 to 250 mesh widths. Chosen by eye.
        mesh_width: mean distance of junctions along a thread of the sheet, mm, before near ones are made one. Chosen
            by eye.
        frame_anchors: anchor threads that hold the frame around the sheet, >= 4. Chosen by eye.
        tangle_height: height of the upper tangle over the sheet, mm. Chosen by eye.
        suspension_threads: anchor threads across the space above, >= 3. Chosen by eye.
        stopping_threads: threads from these down to the sheet, which draw it up to a dome. Chosen by eye.
        tangle_threads: threads spun between these. Chosen by eye.
        tangle_thread_length: their median length, mm; log-normal. Chosen by eye.
        lower_height: depth of the lower tangle below the sheet, mm. Chosen by eye.
        guy_lines: threads from attachment points below up to the sheet. Chosen by eye.
        lower_threads: threads spun between these, with a median of 0.6 times that length. Chosen by eye.
        radius: strut radius of a sheet or tangle thread, mm; frame and anchor threads are 1.4 times as thick. A size
            for printing: silk itself is a hundred times thinner.
        max_degree: most threads at a junction, >= 4.

    Raises `ValueError` for arguments out of range. Nodes with one thread are the attachment points, all others are
    free; the force densities are `structgen.sources.procedural.silk.FORCE_DENSITY`.
    """
    check_lengths(radius=radius)
    check_lengths(8 * radius, mesh_width=mesh_width, tangle_thread_length=tangle_thread_length)
    check_lengths(8 * mesh_width, 250 * mesh_width, sheet_length=sheet_length, sheet_width=sheet_width)
    check_lengths(tangle_height=tangle_height, lower_height=lower_height)
    check_counts(4, 1000, frame_anchors=frame_anchors, max_degree=max_degree)
    check_counts(3, 10_000, suspension_threads=suspension_threads)
    check_counts(0, 10_000, stopping_threads=stopping_threads, guy_lines=guy_lines)
    check_counts(0, 100_000, tangle_threads=tangle_threads, lower_threads=lower_threads)
    rng = generator(seed)
    half = np.array([sheet_length, sheet_width]) / 2
    spun = Spinning(gap=max(0.3 * mesh_width, 6 * radius), max_degree=max_degree)
    corners = framed(spun, rng, half, frame_anchors)
    _fill(spun, rng, corners, mesh_width)
    suspended(spun, rng, suspension_threads, half, (0.35 * tangle_height, tangle_height))
    early = stopping_threads // 2
    dropped(spun, rng, early, 0.9 * half, (SHEET,), 0.1 * tangle_height)
    over, low = [TANGLE, ANCHOR], 0.12 * tangle_height
    spun.tangle(rng, tangle_threads, tangle_thread_length, TANGLE, over, over, 1.0, lambda at: at[:, 2] > low)
    dropped(spun, rng, stopping_threads - early, 0.7 * half, (SHEET,), 0.05 * tangle_height)
    hung(spun, rng, guy_lines, 0.9 * half, (-lower_height, -0.5 * lower_height), 0.3 * lower_height, (SHEET,))
    below, short = [TANGLE, SHEET], 0.6 * tangle_thread_length
    spun.tangle(rng, lower_threads, short, TANGLE, [TANGLE], below, 1.0, lambda at: at[:, 2] < 1e-6)
    return settled(spun, radius)


def _fill(spun: Spinning, rng: np.random.Generator, corners: FloatArray, mesh_width: float) -> None:
    """Threads straight across the sheet in all directions, a junction where two cross or one meets the frame.

    Random lines of total length L in area A are crossed every pi A / (2 L).
    """
    after = np.roll(corners, -1, axis=0)
    area = 0.5 * float((corners[:, 0] * after[:, 1] - corners[:, 1] * after[:, 0]).sum())
    wanted = 0.5 * np.pi * area / mesh_width
    middle_length = 0.6 * np.sqrt(area)
    count = 16 + int(8 * wanted / middle_length)
    box = np.abs(corners).max(axis=0) + middle_length / 2
    middle = rng.uniform(-box, box, (count, 2))
    angle = rng.uniform(0, np.pi, count)
    span = 0.5 * middle_length * np.exp(0.4 * rng.standard_normal(count))[:, None]
    direction = np.column_stack([np.cos(angle), np.sin(angle)])
    p, q = middle - span * direction, middle + span * direction
    enters, leaves = inside(corners, p, q)
    # A hair beyond the frame, so that it is crossed.
    first, last = np.maximum(enters - 1e-6, 0), np.minimum(leaves + 1e-6, 1)
    length = np.maximum(last - first, 0) * 2 * span[:, 0]
    use = np.flatnonzero((length > mesh_width) & (np.cumsum(length) <= wanted))
    p, q = (p[use] + share[use, None] * (q - p)[use] for share in (first, last))
    frames = np.flatnonzero(spun.kind == FRAME)
    k = len(frames)
    i, j, s, t = crossings(np.concatenate([corners, p]), np.concatenate([after, q]))
    threads = i >= k
    at = np.concatenate([corners, p])[i] + s[:, None] * (np.concatenate([after, q]) - np.concatenate([corners, p]))[i]
    node = np.full(len(i), -1)
    node[threads] = spun.nodes(np.column_stack([at[threads], np.zeros(threads.sum())]))
    on_frame = (i < k) & (j >= k)
    node[on_frame] = spun.split(frames[i[on_frame]], s[on_frame])
    owner = np.concatenate([i, j])
    order = np.lexsort((np.concatenate([s, t]), owner))
    order = order[owner[order] >= k]
    chain, owner = np.tile(node, 2)[order], owner[order]
    same = owner[1:] == owner[:-1]
    spun.threads(chain[:-1][same], chain[1:][same], SHEET)
