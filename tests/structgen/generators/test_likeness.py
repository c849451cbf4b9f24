from __future__ import annotations

import numpy as np
import pytest

from structgen import load_model
from structgen.generators.likeness import part_of, requests_like
from structgen.generators.styles import ENOUGH, Style
from structgen.generators.traits import OF_SILK
from structgen.sources.procedural import orb
from structgen.targets import DesignTargets
from structgen.validity import validity
from structgen.web import WebGraph


@pytest.fixture(scope="module")
def web():
    """A whole orb web, as no model has seen it."""
    return orb(seed=5, radii=20, mesh=5.0)


@pytest.fixture(scope="module")
def generator_of_webs():
    return load_model("autoregressive")


def ring(n: int) -> WebGraph:
    turn = 2 * np.pi * np.arange(n) / n
    pos = 10 * np.column_stack([np.cos(turn), np.sin(turn), 0 * turn])
    return WebGraph.from_edges(pos, np.column_stack([np.arange(n), np.roll(np.arange(n), -1)]))


def rng(seed=0):
    return np.random.default_rng(seed)


# -- parts -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("nodes", [2, 8, 48, 200])
def test_a_part_is_connected_and_has_the_nodes_asked_for(web, nodes):
    part = part_of(web, nodes, rng())
    assert part.n == nodes
    assert part.is_connected
    assert part == part_of(web, nodes, rng())
    assert part != part_of(web, nodes, rng(1))
    places = {tuple(place) for place in web.pos.tolist()}
    assert all(tuple(place) in places for place in part.pos.tolist())


def test_the_part_of_a_web_with_no_more_nodes_is_all_of_it(web):
    assert part_of(web, web.n, rng()) is web
    assert part_of(web, 10 * web.n, rng()) is web


# -- requests ----------------------------------------------------------------------------------------------


def test_what_is_not_asked_for_is_as_in_a_part_of_the_web(web, generator_of_webs):
    trained = generator_of_webs.range
    requests = requests_like(trained, [DesignTargets(nodes=40), DesignTargets(nodes=60, mean_degree=2.6)], web, 3, 0)
    assert [request.target.nodes for request in requests] == [40] * 3 + [60] * 3
    for request in requests[:3]:
        assert request.target == DesignTargets.measure(request.like)
        assert request.filled == ("mean_edge_length", "dx", "dy", "dz", "edges", "mean_degree")
    for request in requests[3:]:
        assert request.target.edges == 78
        assert request.target.extents == tuple(request.like.extents.tolist())
        assert request.filled == ("mean_edge_length", "dx", "dy", "dz")
    assert len({request.target for request in requests}) == 6


def test_at_another_size_it_is_the_same_in_shape(web, generator_of_webs):
    request = requests_like(generator_of_webs.range, [DesignTargets(mean_edge_length=2.0, nodes=30)], web, 1, 0)[0]
    factor = 2.0 / request.like.lengths.mean()
    np.testing.assert_allclose(request.target.extents, factor * request.like.extents, rtol=1e-12)


def test_nothing_asked_for_is_a_web_of_the_same_numbers(generator_of_webs):
    whole = part_of(orb(seed=6), 100, rng())
    (request,) = requests_like(generator_of_webs.range, [DesignTargets()], whole, 1, 0)
    assert request.like == whole
    assert request.target == DesignTargets.measure(whole)


def test_of_a_web_in_pieces_the_largest_is_what_counts(web, generator_of_webs):
    far = ring(30).translated([500.0, 0, 0])
    both = WebGraph.from_edges(
        np.concatenate([far.pos, web.pos]), np.concatenate([far.edge_index, web.edge_index + far.n], axis=1).T
    )
    (request,) = requests_like(generator_of_webs.range, [DesignTargets(nodes=web.n + 5)], both, 1, 0)
    assert request.like.n == web.n
    np.testing.assert_array_equal(request.like.pos, web.pos)


def test_too_small_a_web_to_be_like_is_refused(generator_of_webs):
    with pytest.raises(ValueError, match=f"like is a web of {ENOUGH - 1} edges in one piece, must have at least"):
        generator_of_webs.generate(DesignTargets(nodes=20), like=ring(ENOUGH - 1))
    assert requests_like(generator_of_webs.range, [DesignTargets()], ring(ENOUGH), 1, 0)[0].like.m == ENOUGH


def test_models_that_have_no_styles_refuse(web):
    with pytest.raises(ValueError, match="like is a web, but the model analog"):
        load_model("analog").generate(DesignTargets(nodes=20), like=web)


# -- webs --------------------------------------------------------------------------------------------------


def test_webs_are_more_like_the_web_than_those_of_the_same_numbers(web, generator_of_webs):
    model = generator_of_webs
    results = model.generate(DesignTargets(nodes=40), 8, seed=0, like=web)
    others = model.sample([result.asked for result in results], 1, seed=0)
    parts = [request.like for request in requests_like(model.range, [DesignTargets(nodes=40)], web, 8, 0)]

    def unlike(webs):
        away = [
            np.square((Style.of(one).traits - Style.of(part).traits) / model.styles.scale.numpy()).mean()
            for one, part in zip(webs, parts, strict=True)
        ]
        return np.median(away)

    webs = [result.web for result in results]
    assert unlike(webs) < 0.7 * unlike(others)
    for result, part in zip(results, parts, strict=True):
        assert validity(result.web, model.config.max_degree).ok
        assert result.asked == DesignTargets.measure(part)
        assert (result.web.n, result.web.m) == (part.n, part.m)


def test_the_same_seed_gives_the_same_webs_whoever_makes_them(web, generator_of_webs):
    one, other = (
        generator_of_webs.sample(DesignTargets(nodes=16), 3, seed=4, like=web, workers=workers) for workers in (1, 2)
    )
    assert one == other


def test_a_larger_web_than_the_network_sees_is_begun_like_it_too(web, generator_of_webs):
    result = generator_of_webs.generate(DesignTargets(nodes=160), seed=0, like=web)[0]
    assert result.web.n == 160
    assert validity(result.web, generator_of_webs.config.max_degree).ok
    assert result.web != generator_of_webs.sample(result.asked, seed=0)[0]


def test_a_web_without_silk_is_taken_to_have_that_of_a_web_most_like_it(web, generator_of_webs):
    styles = generator_of_webs.styles
    part = part_of(web, 40, rng())
    untyped = WebGraph.from_edges(part.pos, part.edge_index.T)
    own, told = Style.of(untyped), styles.of(untyped)
    assert not untyped.kind.any()
    kept = np.setdiff1d(np.arange(len(own.traits)), OF_SILK)
    np.testing.assert_array_equal(told.traits[kept], own.traits[kept])
    np.testing.assert_array_equal(told.bends, own.bends)
    # Shares of silk, of which none is unspecified, add up.
    shares = told.traits[OF_SILK[11:20]]
    assert shares[0] == pytest.approx(0, abs=0.02)
    assert shares.sum() == pytest.approx(1, abs=0.05)
    np.testing.assert_array_equal(styles.of(part).traits, Style.of(part).traits)
