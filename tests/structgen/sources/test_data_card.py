from __future__ import annotations

import json

import numpy as np
from matplotlib.image import imread

from structgen.sources.data_card import card, write_card
from structgen.targets import NAMES


def test_histograms_count_every_neighbourhood_once(dataset):
    facts = card(dataset)
    assert list(facts["histograms"]) == list(NAMES)
    targets = dataset.arrays["targets"]
    for column, name in enumerate(NAMES):
        histogram = facts["histograms"][name]
        edges = np.array(histogram["edges"])
        assert 2 <= len(edges) <= 33
        assert np.allclose(np.diff(edges), edges[1] - edges[0])
        if name in ("nodes", "edges"):
            assert (edges % 1 == 0.5).all(), "every whole number lies within a bin"
        assert edges[0] <= targets[:, column].min() and targets[:, column].max() <= edges[-1]
        for split, counts in histogram["counts"].items():
            assert sum(counts) == facts["neighbourhoods"][split]
            values = np.asarray(targets[dataset.indices(split), column], float)
            assert counts[0] == ((values >= edges[0]) & (values < edges[1])).sum()


def test_card_counts_silk_and_source_webs(dataset):
    facts = card(dataset)
    assert facts["silk"] == {
        "tangle": int((dataset.arrays["kind"] == 5).sum()),
        "anchor": int((dataset.arrays["kind"] == 7).sum()),
    }
    assert facts["source_webs"] == {"train": 1, "validation": 1, "test": 1}
    assert facts["fingerprint"] == dataset.fingerprint


def test_files_are_json_and_a_picture_and_alike_each_time(dataset, tmp_path):
    facts = write_card(dataset, tmp_path / "new" / "card")
    assert json.loads((tmp_path / "new/card/card.json").read_text()) == facts
    image = imread(tmp_path / "new/card/card.png")
    assert image.shape[:2] == (640, 1300)
    assert image[..., :3].std() > 0.05
    write_card(dataset, tmp_path / "again")
    for name in ("card.json", "card.png"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "new/card" / name).read_bytes()
