from __future__ import annotations

import numpy as np
import pytest

from structgen.generators.decode import Proposal
from structgen.generators.finishing import FEW, Choice, Finish, _traits
from structgen.generators.model import Ask
from structgen.generators.styles import Style
from structgen.targets import DesignTargets
from structgen.web import WebGraph

RADIAL, TANGLE = 2, 5


def drawn(web, kind, shake, rng):
    """``web`` all of one silk, its nodes off by ``shake`` times the mean edge length."""
    pos = web.pos + shake * web.lengths.mean() * rng.standard_normal(web.pos.shape)
    ones = np.ones(web.m)
    return Proposal(pos, web.edge_index.T, ones, np.full(web.m, kind), 0 * ones)


def judged(finish, some):
    return finish.merit(some, _traits(some))


@pytest.fixture
def two_sorts(dataset):
    """Real webs, and drawn ones of two silks, of which one is drawn much better than the other."""
    rng = np.random.default_rng(0)
    webs = [dataset[int(k)] for k in dataset.indices("train")[:40]]
    real = [
        WebGraph(web.pos, web.edge_index, web.radius, np.full(web.m, kind)) for web in webs for kind in (RADIAL, TANGLE)
    ]
    made = [drawn(web, kind, shake, rng) for web in webs for kind, shake in ((RADIAL, 0.5), (TANGLE, 0.02))]
    finish, styles = Finish(), [Style.of(web) for web in real]
    asks = [Ask(DesignTargets.measure(web)) for web in real]
    finish.learn_from([Choice(*one) for one in zip(asks, styles, [[one] for one in made], strict=True)], real, 0)
    return finish, [finish.mended(one, style) for one, style in zip(made, styles, strict=True)]


def test_no_web_is_better_than_another_before_it_has_learned(dataset):
    webs = [dataset[int(k)] for k in dataset.indices("train")[:4]]
    some = [drawn(web, TANGLE, 0.1, np.random.default_rng(1)) for web in webs]
    np.testing.assert_array_equal(judged(Finish(), some), 0)


def test_webs_are_judged_among_those_of_their_own_silk(two_sorts):
    finish, made = two_sorts
    merit = judged(finish, made)
    finish.sorts.zero_()
    odds = judged(finish, made)
    poor, good = slice(0, None, 2), slice(1, None, 2)
    assert odds[good].mean() > odds[poor].mean() + 0.5, "the critic sees which sort is drawn worse"
    count = len(made) / 2
    gap = odds[good].mean() - odds[poor].mean()
    # Each sort counts count / (count + FEW), all webs for the rest.
    assert merit[good].mean() - merit[poor].mean() == pytest.approx(gap * FEW / (count + FEW), abs=1e-4)
    for sort in (poor, good):
        np.testing.assert_array_equal(np.argsort(merit[sort]), np.argsort(odds[sort]))


def test_silks_that_have_no_name_are_judged_too(two_sorts):
    finish, made = two_sorts
    strange = Proposal(made[0].pos, made[0].edges, made[0].score, made[0].kind + 90, made[0].log_radius)
    assert np.isfinite(judged(finish, [made[0], strange])).all()
