from __future__ import annotations

import numpy as np
import pytest

from structgen.generators.request import ROWS, Completed, TrainingRange
from structgen.targets import NAMES, DesignTargets


@pytest.fixture(scope="module")
def rows():
    """Targets of 400 webs whose mean degree grows with their number of nodes."""
    rng = np.random.default_rng(0)
    nodes = np.concatenate([[8, 64], rng.integers(8, 65, 398)])
    edges = np.maximum(nodes - 1, np.round(nodes * (1 + nodes / 64)))
    box = np.sort(rng.uniform(20, 40, (400, 3)), axis=1)
    length = 0.45 * np.linalg.norm(box, axis=1) / nodes ** (1 / 3) * np.exp(0.1 * rng.standard_normal(400))
    return np.column_stack([length, box, nodes, edges, 2 * edges / nodes])


@pytest.fixture(scope="module")
def trained(rows):
    return TrainingRange.of(rows, 0.05)


@pytest.mark.parametrize(
    ("asked", "filled"),
    [
        (DesignTargets(), NAMES),
        (DesignTargets(nodes=20), ("mean_edge_length", "dx", "dy", "dz", "edges", "mean_degree")),
        (DesignTargets(edges=60), ("mean_edge_length", "dx", "dy", "dz", "nodes", "mean_degree")),
        (DesignTargets(mean_degree=3.0), ("mean_edge_length", "dx", "dy", "dz", "nodes", "edges")),
        (DesignTargets(nodes=48, mean_degree=3.6, extents=(40, 40, 25)), ("mean_edge_length",)),
        (DesignTargets(mean_edge_length=4.0), ("dx", "dy", "dz", "nodes", "edges", "mean_degree")),
        (DesignTargets(extents=(1, 2, 3)), ("mean_edge_length", "nodes", "edges", "mean_degree")),
    ],
)
def test_missing_targets_are_filled_and_named_and_what_was_asked_is_kept(trained, asked, filled):
    completed = trained.complete(asked)
    full = completed.target
    assert completed.filled == filled
    assert completed.outside == ()
    assert full.is_complete
    for name, value in asked.as_dict().items():
        if value is not None:
            assert full.as_dict()[name] == pytest.approx(value)


def test_complete_targets_are_left_alone(trained):
    asked = DesignTargets(8.0, (30, 30, 30), nodes=30, edges=45)
    assert trained.complete(asked) == Completed(asked, (), asked, ())


def test_nothing_asked_gives_the_median_of_the_training_webs(rows, trained):
    full = trained.complete(DesignTargets()).target
    assert full.nodes == pytest.approx(np.median(rows[:, 4]), abs=1)
    assert full.mean_degree == pytest.approx(np.median(rows[:, 6]), abs=0.1)
    assert np.linalg.norm(full.extents) == pytest.approx(np.median(np.linalg.norm(rows[:, 1:4], axis=1)), rel=0.02)


def test_what_is_filled_is_typical_of_webs_like_the_one_asked_for(trained):
    # In the training data mean degree is 2 (1 + nodes / 64).
    assert trained.complete(DesignTargets(nodes=16)).target.mean_degree == pytest.approx(2.5, abs=0.15)
    assert trained.complete(DesignTargets(nodes=56)).target.mean_degree == pytest.approx(3.75, abs=0.15)
    assert trained.complete(DesignTargets(mean_degree=3.0)).target.nodes == pytest.approx(32, abs=2)
    # edges = nodes (1 + nodes / 64): 48 edges at 32 nodes, 112 at 59.
    assert trained.complete(DesignTargets(edges=48)).target.nodes == pytest.approx(32, abs=2)
    assert trained.complete(DesignTargets(edges=112)).target.nodes == pytest.approx(59, abs=2)


def test_nodes_filled_from_edges_stay_in_range_where_they_can(trained):
    full = trained.complete(DesignTargets(edges=132)).target
    assert (full.nodes, full.edges) == (64, 132)


def test_filling_follows_the_scale_of_the_request(trained):
    small, large = (trained.complete(DesignTargets(nodes=30, extents=(s, s, s))).target for s in (1.0, 1000.0))
    assert large.mean_edge_length == pytest.approx(1000 * small.mean_edge_length)
    small, large = (trained.complete(DesignTargets(nodes=30, mean_edge_length=s)).target for s in (1.0, 1000.0))
    np.testing.assert_allclose(large.extents, 1000 * np.array(small.extents))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (DesignTargets(nodes=7), ["nodes is 7, trained on 8 to 64"]),
        (DesignTargets(nodes=30, edges=300), ["mean_degree is 20, trained on"]),
        (DesignTargets(mean_degree=20), ["mean_degree is 20, trained on"]),
        (DesignTargets(0.01, (30, 30, 30), 30, 45), ["mean_edge_length is 0.01 mm, trained on"]),
        (DesignTargets(50.0, (30, 30, 30), 30, 45), ["mean_edge_length is 50 mm, trained on"]),
        (DesignTargets(50.0, (30, 30, 30), 5, 10), ["nodes is 5", "mean_edge_length is 50 mm"]),
    ],
)
def test_out_of_range_is_answered_with_the_nearest_and_said(rows, trained, asked, said):
    completed = trained.complete(asked)
    assert len(completed.outside) == len(said)
    for line, words in zip(completed.outside, said, strict=True):
        assert words in line
    # What was asked stays asked; the network is told what it was trained on.
    for name, value in asked.as_dict().items():
        assert value is None or completed.target.as_dict()[name] == pytest.approx(value)
    near = completed.near
    assert (near.nodes, near.extents) == (completed.target.nodes, completed.target.extents)
    edges = near.mean_degree * near.nodes / 2
    assert rows[:, 6].min() * near.nodes / 2 - 1 <= edges <= rows[:, 6].max() * near.nodes / 2 + 1
    assert trained.complete(near).near == near
    assert "mean_edge_length" not in " ".join(trained.complete(near).outside)


def test_more_nodes_than_trained_on_are_not_outside(trained):
    # Such webs are grown from smaller ones.
    for asked in (DesignTargets(nodes=65), DesignTargets(nodes=500), DesignTargets(nodes=500, mean_degree=3.0)):
        completed = trained.complete(asked)
        assert completed.outside == ()
        assert completed.target.nodes == completed.near.nodes == asked.nodes
    assert trained.most_nodes == 64
    assert len(trained.complete(DesignTargets(nodes=500, mean_degree=9.0)).outside) == 1


def test_edges_that_no_web_of_the_nodes_has_are_refused(refused, trained):
    with refused("edges is 5", "8 nodes has 7 to 28"):
        trained.complete(DesignTargets(edges=5))


def test_inside_the_range_the_network_is_told_what_is_asked(trained):
    for asked in (DesignTargets(8.0, (30, 30, 30), nodes=30, edges=45), DesignTargets(nodes=20)):
        completed = trained.complete(asked)
        assert completed.near == completed.target
        assert completed.outside == ()


def test_kept_rows_are_few_and_hold_the_extremes():
    rng = np.random.default_rng(1)
    nodes = rng.integers(8, 65, 3000)
    edges = nodes - 1 + rng.integers(0, 40, 3000)
    rows = np.column_stack([rng.uniform(1, 9, 3000), rng.uniform(10, 30, (3000, 3)), nodes, edges, 2 * edges / nodes])
    kept = TrainingRange.of(rows, 0.1).rows
    assert kept.shape == (ROWS, 7)
    for column in (4, 6):
        assert (kept[:, column].min(), kept[:, column].max()) == (rows[:, column].min(), rows[:, column].max())
    assert {row.tobytes() for row in kept} <= {row.tobytes() for row in rows}
    np.testing.assert_array_equal(kept, TrainingRange.of(rows, 0.1).rows)
