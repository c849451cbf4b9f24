"""Webs like a given one: what is not asked for, and what the web is to look like, are those of a part of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from structgen.generators.request import Completed, TrainingRange
from structgen.generators.styles import ENOUGH, Styles
from structgen.seeds import generator
from structgen.sources.neighbourhoods import expand, neighbour_lists
from structgen.targets import DesignTargets
from structgen.web import IntArray, WebGraph

#: Parts of a web from which its silk is guessed where it does not tell it, and their nodes.
GUESSED, GUESSED_NODES = 32, 48
#: Of the random numbers of a web of some seed those that say which part it is to be like.
STREAM = 43


def part_of(
    web: WebGraph, nodes: int, rng: np.random.Generator, neighbours: Sequence[IntArray] | None = None
) -> WebGraph:
    """A part of ``web``, which is connected, with so many nodes, drawn as training webs are; all of it if it has no
    more.

    neighbours: its `neighbour_lists`, to save the time of making them.
    """
    if nodes >= web.n:
        return web
    lists = neighbour_lists(web) if neighbours is None else neighbours
    return web.subweb(np.sort(expand(lists, int(rng.integers(web.n)), nodes, rng, rng.random())))


def requests_like(
    styles: Styles, trained: TrainingRange, asked: Sequence[DesignTargets], web: WebGraph, n: int, seed: int
) -> list[Completed]:
    """``n`` requests for each of ``asked``, each completed from a part of ``web``, and in the style of that part.

    Of a web in pieces the largest counts. Raises `ValueError` where it has too few edges to tell its style.
    """
    whole = web.largest_component()
    if whole.m < ENOUGH:
        raise ValueError(f"like is a web of {whole.m} edges in one piece, must have at least {ENOUGH}")
    own, lists, silk = DesignTargets.measure(whole), neighbour_lists(whole), None
    if not whole.kind.any():
        silk = styles.silk_of([part_of(whole, GUESSED_NODES, generator(0, STREAM, k), lists) for k in range(GUESSED)])
    found = []
    for k, target in enumerate(target for target in asked for _ in range(n)):
        rng = generator(seed, k, STREAM)
        part = part_of(whole, target.filled(own)[0].nodes or 0, rng, lists)
        full, filled = target.filled(DesignTargets.measure(part))
        # A web that is larger than what the network has seen is grown from one of half that size.
        seen = part if part.n <= trained.most_nodes else part_of(part, trained.most_nodes // 2, rng)
        found.append(replace(trained.complete(full), filled=filled, style=styles.of(seen, silk)))
    return found
