from __future__ import annotations

import numpy as np
import pytest

from simulate import predict
from simulate.mechanics.predictor.labels import AXES, TEST
from simulate.mechanics.predictor.predict import Properties, predictions
from simulate.mechanics.virtual_tests import tension
from structgen.sources.neighbourhoods import sample_neighbourhoods
from structgen.sources.procedural import tangle
from structgen.web import WebGraph


@pytest.fixture(scope="module")
def fresh():
    """Neighbourhoods of webs that no training saw."""
    small = {"size": (90, 80, 50), "tangle_threads": 150, "supporting_threads": 14, "gumfoot_lines": 10}
    webs = [tangle(seed, **small) for seed in (7, 8, 9)]
    return [row[0] for row in sample_neighbourhoods(webs, 12, 987)]


def test_predictions_agree_with_tests_of_webs_that_are_new(fresh):
    errors, z = [], []
    for axis in AXES:
        for web, found in zip(fresh, predictions(fresh, axis), strict=True):
            result = tension(web, axis=axis, **TEST)
            if result.strength > 1:
                errors.append(np.log(found.strength / result.strength))
                z.append(errors[-1] / found.deviation[1])
    assert len(errors) > 20
    assert np.median(np.abs(errors)) < 0.15
    assert np.mean(np.abs(z) < 3) > 0.85


def test_size_place_and_scale_of_radii_do_not_matter(fresh):
    web = fresh[0]
    other = web.scaled(7.0).translated([1, 2, 3]).with_radius(0.3 * web.radius)
    assert predict(other, "y").median == pytest.approx(predict(web, "y").median, rel=1e-3)


def test_an_interval_lies_about_the_median(fresh, refused):
    found = predict(fresh[0], axis=(1, 1, 0))
    low, high = found.interval(95).T
    near = found.interval().T
    assert (low < near[0]).all() and (near[1] < high).all()
    assert (low < found.median).all() and (found.median < high).all()
    assert low * high == pytest.approx(found.median**2)
    assert found.as_dict()["strength"]["median"] == found.strength == found.median[1]
    assert (found.stiffness, found.toughness) == (found.median[0], found.median[2])
    assert isinstance(found, Properties)
    with refused("percent is 50, must be 68 or 95"):
        found.interval(50)


def test_webs_of_other_sizes_are_refused(refused):
    with refused("web 0 has 5 nodes, must have 8 to 128"):
        predict(WebGraph.from_edges([(k, k % 2, 0) for k in range(5)], [(k, k + 1) for k in range(4)]))
