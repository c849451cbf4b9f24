"""Small data sets and fake models to evaluate."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from structgen.generators.model import Generated
from structgen.sources.neighbourhoods import build, write
from structgen.sources.procedural import boxed_tangle
from structgen.sources.training_set import signed_permutation
from structgen.targets import DesignTargets
from structgen.web import WebGraph


@pytest.fixture(scope="session")
def small_set(tmp_path_factory):
    """600 neighbourhoods of eight tangle webs, one of them in test."""
    webs = [
        boxed_tangle(k, size=(60.0, 50.0, 40.0), supports=30, threads=90, thread_length=14.0, reuse=0.6)
        for k in range(8)
    ]
    return build(webs, tmp_path_factory.mktemp("evaluation") / "set.npz", count=600, seed=1, origin="tangles of a test")


def moved_copy(web: WebGraph, seed: int, scale: float = 1.0, shift: float = 50.0) -> WebGraph:
    """``web`` turned by one of the 48 symmetries, scaled, shifted and renumbered."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(web.n)
    pos = np.empty_like(web.pos)
    pos[order] = (web.pos @ signed_permutation(rng).T) * scale + shift * rng.standard_normal(3)
    return WebGraph.from_edges(pos, order[web.edge_index].T, web.radius, web.kind)


@pytest.fixture(scope="session")
def copied():
    """The function `moved_copy`."""
    return moved_copy


@pytest.fixture(scope="session")
def with_planted(small_set, tmp_path_factory):
    """``with_planted(row, web)``: the small set with one more test web, of a source web of its own."""

    def made(web: WebGraph, split: int = 2, source: int = 99):
        a = small_set.arrays
        rows = [
            (
                small_set[k],
                int(a["web"][k]),
                int(a["split"][k]),
                a["source_node"][a["node_ptr"][k] : a["node_ptr"][k + 1]],
            )
            for k in range(len(small_set))
        ]
        rows.append((web, source, split, np.arange(web.n)))
        path = tmp_path_factory.mktemp("planted") / "set.npz"
        return write(path, rows, {k: small_set.header[k] for k in ("seed", "count", "webs", "origin", "split_by")})

    return made


class Fake:
    """A model that answers each request with ``answer(target, k)``; refuses what ``answer`` raises `ValueError` on."""

    config = SimpleNamespace(max_degree=8)

    def __init__(self, answer):
        self.answer, self.calls = answer, []

    def generate(self, targets, n, seed, **options):
        self.calls.append(options)
        webs = [self.answer(target, k) for k, target in enumerate(targets) for _ in range(n)]
        return [
            Generated(web, target, (), DesignTargets.measure(web).as_array(), web, 0)
            for web, target in zip(webs, np.repeat(np.array(targets, object), n), strict=True)
        ]


@pytest.fixture(scope="session")
def fake():
    """The class `Fake`."""
    return Fake
