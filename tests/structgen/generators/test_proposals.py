from __future__ import annotations

import numpy as np
import pytest
import torch

from structgen.generators.model import Ask
from structgen.generators.proposals import agreeing, proposal_of
from structgen.targets import DesignTargets
from structgen.web import WebGraph


def test_scores_are_log_odds_with_logistic_noise_of_the_right_sign():
    n = 20_000
    uniform = (torch.arange(n, dtype=torch.float64) + 0.5) / n
    for odds in (-3.0, 0.5):
        p = 1 / (1 + np.exp(-odds))
        for edge in (True, False):
            score = agreeing(torch.full((n,), odds, dtype=torch.float64), torch.full((n,), edge), uniform)
            assert ((score > 0) == edge).all()
            for level in (0.5, 2.0):
                # P(odds + noise > level), given that it is positive; below -level, given that it is not.
                beyond = 1 / (1 + np.exp(level - odds)) / p if edge else 1 / (1 + np.exp(level + odds)) / (1 - p)
                found = (score > level if edge else score < -level).double().mean()
                assert float(found) == pytest.approx(beyond, abs=2 / n)


def test_candidates_hold_the_edges_the_nearest_pairs_and_a_spanning_tree():
    n = 60
    rng = np.random.default_rng(0)
    first, second = np.triu_indices(n, 1)
    pos = rng.uniform(-10, 10, (n, 3))
    own = rng.random(len(first)) < 0.01
    odds = rng.normal(-5, 1, len(first))
    # The last node is all but out of reach.
    odds[second == n - 1] = -25
    own[second == n - 1] = False
    score, kind = np.where(own, 1.0, odds), np.arange(len(first)) % 7
    proposal = proposal_of(
        Ask(DesignTargets(5.0, (20, 20, 20), n, 90)), pos, first, second, own, kind, score, np.zeros(len(first))
    )
    assert len(proposal.edges) < 12 * n < len(first)
    found = {tuple(edge) for edge in proposal.edges.tolist()}
    assert set(zip(first[own].tolist(), second[own].tolist(), strict=True)) <= found
    # Each keeps the kind it has or would have.
    number = {pair: k for k, pair in enumerate(zip(first.tolist(), second.tolist(), strict=True))}
    rows = [number[tuple(edge)] for edge in proposal.edges.tolist()]
    np.testing.assert_array_equal(proposal.kind, kind[rows])
    near = int(np.argsort(np.linalg.norm(pos - pos[7], axis=1))[1])
    assert (min(7, near), max(7, near)) in found
    assert WebGraph(pos, proposal.edges.T).is_connected
