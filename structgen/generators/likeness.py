"""Webs like a given one: what is not asked for, and what the web is to look like, are those of a part of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from structgen.generators.request import Completed, TrainingRange
from structgen.generators.styles import ENOUGH
from structgen.seeds import generator
from structgen.sources.neighbourhoods import expand, neighbour_lists
from structgen.targets import DesignTargets
from structgen.web import WebGraph


def part_of(web: WebGraph, nodes: int, rng: np.random.Generator) -> WebGraph:
    """A part of ``web``, which is connected, with so many nodes, drawn as training webs are; all of it if it has no
    more.
    """
    if nodes >= web.n:
        return web
    return web.subweb(np.sort(expand(neighbour_lists(web), int(rng.integers(web.n)), nodes, rng, rng.random())))


def requests_like(
    trained: TrainingRange, asked: Sequence[DesignTargets], web: WebGraph, n: int, seed: int
) -> list[Completed]:
    """``n`` requests for each of ``asked``, completed from a part of ``web`` each, which the new one is to be like.

    Of a web in pieces the largest counts. Raises `ValueError` where it has too few edges to be like.
    """
    whole = web.largest_component()
    if whole.m < ENOUGH:
        raise ValueError(f"like is a web of {whole.m} edges in one piece, must have at least {ENOUGH}")
    found = []
    for k, target in enumerate(target for target in asked for _ in range(n)):
        nodes = target.filled(DesignTargets.measure(whole))[0].nodes
        part = part_of(whole, nodes or 0, generator(seed, k, 43))
        full, filled = target.filled(DesignTargets.measure(part))
        found.append(replace(trained.complete(full), filled=filled, like=part))
    return found
