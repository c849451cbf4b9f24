"""Problems by name, methods side by side: what comes, in which order, and what is refused."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("skfem", reason="needs scikit-fem: pip install 'structgen-webs[solvers]'")

from simulate.mesh_movement.move import METHODS
from simulate.mesh_movement.problems.bench import PROBLEMS, bench, named, table


def test_the_still_mesh_comes_first_and_the_fine_one_last():
    seen = []
    rows = list(
        bench(named("poisson"), ("variational", "none", "monge-ampere", "variational"), nodes=400,
              progress=lambda *what: seen.append(what))
    )  # fmt: skip
    assert [row.method for row in rows] == ["none", "variational", "monge-ampere", "fine"]
    still, *moved, fine = rows
    assert still.reduction == 0 and still.moves == 0 and still.move_seconds == 0 and still.used == {}
    for row in moved:
        assert row.reduction == pytest.approx(1 - row.error / still.error)
        assert row.reduction > 0.5 and row.inverted == 0 and row.moves == 2 and row.move_seconds > 0
        assert row.nodes == still.nodes == 400 and row.used == {row.method: 2}
    assert fine.nodes == 1600 and fine.moves == 0 and fine.error < still.error
    assert seen[0] == ("none", 1, 1) and seen[-1] == ("fine", 1, 1) and ("monge-ampere", 3, 3) in seen
    json.dumps([row.as_dict() for row in rows], allow_nan=False)


@pytest.mark.parametrize("name", PROBLEMS)
def test_every_problem_runs_with_every_method(name):
    problem = named(name, quick=True)
    rows = list(bench(problem, tuple(METHODS)[:1], fine=False))
    assert [row.method for row in rows] == ["none", next(iter(METHODS))]
    assert all(row.inverted == 0 and row.problem == name and row.error > 0 for row in rows)
    lines = table(rows).splitlines()
    assert len(lines) == 4 and all(measure in lines[0] for measure in rows[0].measures)


def test_what_is_not_known_is_refused_before_anything_is_solved(refused):
    with refused("problem is 'stokes', must be one of", "'helmholtz'", "'cylinder'"):
        named("stokes")
    with refused("method is 'magic', must be one of 'none', 'monge-ampere'"):
        bench(named("swirl"), ("magic",))
    with refused("transfer is 'ale', must be one of 'conservative', 'consistent' for swirl"):
        bench(named("swirl"), transfer="ale")
    with refused("nodes is 3, must be a whole number >= 25"):
        bench(named("swirl"), nodes=3)


def test_a_flow_that_blows_up_has_an_infinite_error(monkeypatch):
    from simulate.mesh_movement.problems import cylinder

    monkeypatch.setattr(cylinder, "BLOWN_UP", 0.5)
    rows = list(bench(named("cylinder", quick=True), (), nodes=200, fine=False))
    assert rows[0].error == float("inf") and rows[0].steps == 1 and rows[0].measures == {}
    assert json.loads(json.dumps(rows[0].as_dict(), allow_nan=False))["error"] is None
    assert " inf " in table(rows)
