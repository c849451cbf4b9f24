from __future__ import annotations

import json

import numpy as np
import pytest

from structgen.evaluation import Adherence, adherence, evaluate, held_out_targets, summary
from structgen.generators.model import Generated, OutOfRangeWarning
from structgen.targets import NAMES, DesignTargets
from structgen.web import WebGraph

ASKED = np.array([[1, 10, 10, 0, 8, 10, 2.5], [2, 10, 20, 0, 8, 12, 3], [6, 10, 30, 0, 8, 14, 3.5]], float)


def test_adherence_by_hand():
    reached = ASKED.copy()
    reached[:, 0] = [1.5, 2, 5]
    reached[:, 1] = [10, 11, 10]
    reached[:, 3] = [0, 0, 0.2]
    table = adherence(ASKED, reached)
    assert list(table) == list(NAMES)
    # Mean asked 3: sum of squares 4 + 1 + 9 = 14; of errors 0.25 + 0 + 1 = 1.25.
    length = table["mean_edge_length"]
    assert length.r2 == pytest.approx(1 - 1.25 / 14)
    assert length.mape == pytest.approx((0.5 / 1 + 0 + 1 / 6) / 3)
    assert length.worst == 1
    assert length.missing == 0
    # All ask for the same: there is no r2.
    assert np.isnan(table["dx"].r2)
    assert table["dx"].mape == pytest.approx(0.1 / 3)
    assert table["dy"] == Adherence(1.0, 0.0, 0.0, 0)
    # Nothing is asked that an error could be a share of.
    assert np.isnan(table["dz"].mape)
    assert table["dz"].worst == pytest.approx(0.2)


def test_numbers_that_are_missing_are_counted_and_left_out():
    reached = ASKED.copy()
    reached[:, 0] = [np.nan, 2, 5]
    reached[:, 1] = np.nan
    table = adherence(ASKED, reached)
    # Asked 2 and 6 have mean 4: sum of squares 8.
    length = table["mean_edge_length"]
    assert (length.r2, length.worst, length.missing) == (pytest.approx(1 - 1 / 8), 1, 1)
    assert length.mape == pytest.approx(1 / 12)
    assert np.isnan([table["dx"].r2, table["dx"].mape, table["dx"].worst]).all()
    assert table["dx"].missing == 3


def test_worse_than_the_mean_is_below_zero_and_one_row_will_do():
    assert adherence(ASKED, ASKED[::-1])["mean_edge_length"].r2 < 0
    assert adherence(ASKED[0], ASKED[0] + 1)["nodes"].mape == pytest.approx(1 / 8)


@pytest.mark.parametrize("reached", [ASKED[:2], ASKED[:, :6], np.zeros(6)])
def test_other_shapes_are_refused(reached):
    with pytest.raises(ValueError, match=r"reached .*, expected \(k, 7\) both"):
        adherence(ASKED, reached)


def test_held_out_targets_come_from_the_split(dataset):
    for split in ("test", "validation"):
        rows = dataset.indices(split)
        known = {DesignTargets.measure(dataset[int(k)]) for k in rows}
        found = held_out_targets(dataset, 1000, seed=0, split=split)
        assert len(found) == len(rows)
        assert set(found) == known
        few = held_out_targets(dataset, 3, seed=1, split=split)
        assert few == held_out_targets(dataset, 3, seed=1, split=split)
        assert set(few) <= known
    others = {DesignTargets.measure(dataset[int(k)]) for k in dataset.indices("train")}
    assert not others & set(held_out_targets(dataset, 1000, seed=0))
    assert held_out_targets(dataset, 5, seed=0) != held_out_targets(dataset, 5, seed=1)


def test_summary_by_hand(cube):
    square = WebGraph([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], [[0, 1, 2, 0], [1, 2, 3, 3]], 0.01)
    crossed = WebGraph([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], [[0, 1, 0], [2, 3, 1]], 0.01)
    raw = DesignTargets.measure(square).as_array()
    empty = np.array([np.nan, 1, 1, 0, 4, 0, 0])
    results = [
        Generated(square, DesignTargets.measure(square), (), raw, square, 1),
        Generated(crossed, DesignTargets.measure(square), (), empty, None, 6),
    ]
    table = summary(results, [raw, raw], max_degree=3)
    assert table["webs"] == 2
    assert table["valid"] == 0.5
    assert table["counts_exact"] == 0.5
    assert table["raw_connected"] == 0.5
    assert table["edges_changed"] == 1
    assert table["decoded"]["edges"] == {"r2": None, "mape": 0.125, "worst": 1, "missing": 0}
    assert table["raw"]["mean_edge_length"] == {"r2": None, "mape": 0, "worst": 0, "missing": 1}
    json.dumps(table, allow_nan=False)
    assert summary(results, [raw, raw], max_degree=1)["valid"] == 0


def test_the_shipped_model_keeps_to_its_targets(model):
    targets = [
        DesignTargets(nodes=12, mean_degree=2.5, extents=(20, 15, 10), mean_edge_length=7),
        DesignTargets(nodes=16, mean_degree=2.75, extents=(30, 20, 15), mean_edge_length=9),
    ]
    table = evaluate(model, targets, n=2, seed=1)
    assert table == evaluate(model, targets, n=2, seed=1)
    assert table["webs"] == 4
    assert table["valid"] == table["counts_exact"] == 1
    for name in ("nodes", "edges", "mean_degree", "dx", "dy", "dz"):
        assert table["decoded"][name]["mape"] == pytest.approx(0, abs=1e-6)
        assert table["decoded"][name]["r2"] == pytest.approx(1)
    assert table["decoded"]["mean_edge_length"]["mape"] < 0.5
    assert table["raw"]["nodes"]["worst"] == 0
    json.dumps(table, allow_nan=False)


def test_no_targets_are_refused_and_those_out_of_range_answered(model):
    with pytest.raises(ValueError, match="targets is empty, at least 1 is needed"):
        evaluate(model, [])
    with pytest.warns(OutOfRangeWarning, match="nodes is 4, trained on"):
        table = evaluate(model, [DesignTargets(nodes=4, mean_degree=2.0, extents=(20, 15, 10))], n=2)
    assert table["valid"] == table["counts_exact"] == 1
