from __future__ import annotations

import numpy as np
import pytest

from structgen.evaluation.isomorphism import dataset_codes
from structgen.evaluation.leakage import leakage
from structgen.evaluation.novelty import Training


def test_a_set_split_by_web_leaks_nothing(small_set):
    found = leakage(small_set, dataset_codes(small_set))
    assert found["shared_sources"] == found["shared_nodes"] == found["geometric"] == 0
    assert found["isomorphic_and_geometric"] == 0
    # Small trees are alike by chance, and that is said apart.
    assert 0 < found["isomorphic"] < found["test"]
    assert found["train"] + found["test"] + len(small_set.indices("validation")) == len(small_set)


def test_a_training_web_turned_and_renumbered_is_found_in_the_test_part(small_set, with_planted, copied):
    row = next(k for k in small_set.indices("train").tolist() if small_set[k].n > 30)
    before = leakage(small_set, dataset_codes(small_set))
    leaking = with_planted(copied(small_set[row], 3, shift=0.0))
    found = leakage(leaking, dataset_codes(leaking))
    assert found["geometric"] == found["isomorphic_and_geometric"] == 1
    assert found["isomorphic"] == before["isomorphic"] + 1
    assert found["shared_sources"] == 0


def test_a_copy_at_another_size_shares_its_graph_alone(small_set, with_planted, copied):
    row = next(k for k in small_set.indices("train").tolist() if small_set[k].n > 30)
    before = leakage(small_set, dataset_codes(small_set))
    leaking = with_planted(copied(small_set[row], 3, scale=1.5, shift=0.0))
    found = leakage(leaking, dataset_codes(leaking))
    assert found["geometric"] == 0
    assert found["isomorphic"] == before["isomorphic"] + 1


def test_a_web_of_a_training_source_in_the_test_part_is_noticed(small_set, with_planted):
    k = int(small_set.indices("train")[0])
    a = small_set.arrays
    source, web = int(a["web"][k]), small_set[int(small_set.indices("test")[0])]
    leaking = with_planted(web, source=source)
    found = leakage(leaking, dataset_codes(leaking))
    own = set(range(web.n))
    rows = [r for r in small_set.indices("train").tolist() if a["web"][r] == source]
    held = set(np.concatenate([a["source_node"][a["node_ptr"][r] : a["node_ptr"][r + 1]] for r in rows]).tolist())
    assert found["shared_sources"] == 1
    assert found["shared_nodes"] == len(own & held) > 0


def test_a_single_web_split_by_region_shares_its_source_but_no_node(dataset):
    found = leakage(dataset, dataset_codes(dataset))
    assert found["shared_sources"] == 1
    assert found["shared_nodes"] == 0
    assert found["tolerance"] == pytest.approx(0.02)


def test_test_webs_are_sought_in_the_training_part_of_another_set(small_set, dataset, with_planted, copied):
    rows, training = small_set.indices("train"), Training.of(small_set, dataset_codes(small_set))
    row = next(k for k in rows.tolist() if small_set[k].n > 30)
    leaking = with_planted(copied(small_set[row], 3, shift=0.0))
    of_its_own = leakage(leaking, dataset_codes(leaking))
    assert leakage(leaking, dataset_codes(leaking), training) == of_its_own
    found = leakage(dataset, dataset_codes(dataset), training)
    assert found["train"] == len(rows)
    assert found["test"] == len(dataset.indices("test"))
    assert found["geometric"] == found["isomorphic_and_geometric"] == 0
    # What is numbered apart cannot be told to be the same.
    assert found["shared_sources"] is None
    assert found["shared_nodes"] is None
