from __future__ import annotations

import numpy as np
import pytest

from simulate.mechanics.predictor import labels
from simulate.mechanics.predictor.labels import TEST, Labels, labelled, properties_of
from simulate.mechanics.virtual_tests import tension


def test_labels_are_those_of_the_test(webs):
    values, seconds = properties_of(webs[0])
    result = tension(webs[0], axis="y", **TEST)
    assert values[1] == pytest.approx([result.stiffness, result.strength, result.toughness])
    assert seconds > 0


def test_a_planar_web_has_no_test_across_it(webs):
    values, _ = properties_of(webs[0].scaled([1, 1, 0]))
    assert np.isnan(values[2]).all()


def test_what_an_interrupted_run_had_done_is_kept_and_not_done_again(webs, tmp_path, monkeypatch):
    monkeypatch.setattr(labels, "CHUNK", 2)
    whole = labelled(webs[:5], tmp_path / "whole.npz")

    def interrupt(done, total):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        labelled(webs[:5], tmp_path / "parts.npz", progress=interrupt)
    done = []
    again = labelled(webs[:5], tmp_path / "parts.npz", progress=lambda k, n: done.append(k))
    assert done == [4, 5]
    assert np.array_equal(again.values, whole.values)


def test_webs_that_carry_nothing_are_not_known():
    values = np.full((1, 3, 3), 5.0)
    values[0, 1, 1], values[0, 2, 0] = 0.01, np.nan
    assert Labels(values, 0.0).known.tolist() == [[True, False, False]]


def test_files_of_something_else(webs, tmp_path, refused):
    labelled(webs[:2], tmp_path / "a.npz")
    with refused("holds labels of other webs"):
        labelled(webs[1:3], tmp_path / "a.npz")
    (tmp_path / "b.npz").write_bytes(b"junk")
    with refused("not a file of labels"):
        labelled(webs[:2], tmp_path / "b.npz")
    np.savez(tmp_path / "c.npz", values=np.zeros((2, 2)), identity=np.array("x"), seconds=np.array(0.0))
    with refused("values have shape (2, 2)"):
        labelled(webs[:2], tmp_path / "c.npz")
