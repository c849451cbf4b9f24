from __future__ import annotations

import pytest

from simulate.design.properties import predicted_of
from simulate.design.study import Search


def test_one_search_is_the_same_whole_or_in_parts_and_its_webs_are_made_again(search):
    whole = search("load=max", "mass=min", "nodes<=18", folder="whole", seed=5).run(40)
    search("load=max", "mass=min", "nodes<=18", folder="parts", seed=5).run(15)
    again = search("load=max", "mass=min", "nodes<=18", folder="parts", seed=5)
    parts = again.run(40)
    assert parts == whole
    assert 0 < len(whole) < 40  # webs of sevens there are none
    assert predicted_of(again.web(whole[3]), "x", again.network)[0] == pytest.approx(whole[3].predicted)
    other = search("load=max", "mass=min", "nodes<=18", folder="other", seed=4).run(5)
    assert other[0].predicted != whole[0].predicted


def test_a_search_finds_better_webs_than_chance(search):
    def mean_of_best(sampler):
        tried = search("mass=min", folder=sampler, sampler=sampler).run(50)
        return sum(sorted(one.predicted["mass"] for one in tried)[:10])

    assert mean_of_best("tpe") < mean_of_best("random")


def test_an_interrupted_trial_counts_as_one_without_a_web(search):
    def interrupt(targets, seed):
        raise KeyboardInterrupt

    begun = search("load=max")
    begun.run(2)
    halted = Search(**(vars(begun) | {"make": interrupt}))
    with pytest.raises(KeyboardInterrupt):
        halted.run(4)
    numbers = [one.number for one in begun.run(6)]
    assert 2 not in numbers and max(numbers) <= 5


def test_searches_that_cannot_be(search, refused, tmp_path):
    with refused("sampler is 'best', must be one of auto, tpe, parego, nsga2, random"):
        search("load=max", sampler="best")
    with refused("trials is 0, must be a whole number >= 1"):
        search("load=max").run(0)
    search("load=max").run(1)
    with refused("was begun with targets ['load=max'], now ['mass=min']", "name another folder"):
        search("mass=min").run(2)
    with refused("was begun with seed 0, now 1"):
        search("load=max", seed=1).run(2)
    (tmp_path / "junk").mkdir()
    (tmp_path / "junk/study.log").write_text("junk\n")
    with refused("not a study that can go on"):
        search("load=max", folder="junk").run(2)


def test_of_few_trials_a_search_for_two_is_better_than_chance(search):
    def front(sampler, seed):
        tried = search("load=max", "mass=min", folder=f"{sampler}{seed}", sampler=sampler, seed=seed).run(60)
        return [(one.predicted["load"], one.predicted["mass"]) for one in tried]

    shares = []
    for seed in range(3):
        ours, other = front("auto", seed), front("random", seed)
        most = [max(row[k] for row in ours + other) for k in range(2)]
        shares.append([dominated(rows, most) for rows in (ours, other)])
    assert all(ours > other for ours, other in shares)


def dominated(rows, most):
    """Area that loads and masses dominate, of the box to the greatest of each."""
    steps = sorted((mass, load) for load, mass in rows)
    area, greatest = 0.0, 0.0
    for (mass, load), (after, _) in zip(steps, [*steps[1:], (most[1], 0)], strict=True):
        greatest = max(greatest, load)
        area += greatest * (after - mass)
    return area / (most[0] * most[1])
