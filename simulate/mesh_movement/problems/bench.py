"""Problems solved on a still mesh, on meshes that methods move, and on a fine one: errors and times side by side."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any

import numpy as np

from simulate.checks import whole
from simulate.mesh_movement.move import METHODS, move_mesh
from simulate.mesh_movement.problems.burgers import Burgers
from simulate.mesh_movement.problems.corner import Corner
from simulate.mesh_movement.problems.cylinder import Cylinder
from simulate.mesh_movement.problems.domains import block
from simulate.mesh_movement.problems.elements import scikit_fem
from simulate.mesh_movement.problems.helmholtz import Helmholtz
from simulate.mesh_movement.problems.poisson import Poisson
from simulate.mesh_movement.problems.problem import Motion, Problem, Progress, Solved
from simulate.mesh_movement.problems.swirl import Swirl

PROBLEMS: dict[str, Callable[[], Problem]] = {
    "helmholtz": Helmholtz, "poisson": Poisson, "corner": Corner, "burgers": Burgers, "swirl": Swirl,
    "cylinder": Cylinder,
}  # fmt: skip
#: Rows of the still and of the fine mesh, and how many times as many nodes the latter has.
STILL, FINE, FINER = "none", "fine", 4
#: Columns of a table.
HEAD = (
    "mesh", "used", "nodes", "error", "reduction", "solve s", "move s", "carry s", "moves", "mover steps", "inverted"
)  # fmt: skip
#: Fewest nodes of a mesh.
FEWEST = 25


@dataclass(frozen=True)
class Result:
    """A row of a comparison.

    Attributes:
        problem: its name.
        method: of moving; "none" for the mesh as it is, "fine" for one of `FINER` times as many nodes.
        nodes, cells: of the mesh.
        error: of the problem; see the problem for of what.
        reduction: (e - error) / e, e the error of the mesh as it is.
        solve_seconds, move_seconds, transfer_seconds: in the problem itself, in movers, in monitors and transfers.
        moves, iterations: of the mesh, and the steps of movers in all of them.
        used: how often the result of which method was taken.
        inverted: cells inverted after any of the moves.
        steps: time steps, or solutions of a steady problem.
        measures: further numbers by name.
        solved: the solution.
    """

    problem: str
    method: str
    nodes: int
    cells: int
    error: float
    reduction: float
    solve_seconds: float
    move_seconds: float
    transfer_seconds: float
    moves: int
    iterations: int
    used: dict[str, int]
    inverted: int
    steps: int
    measures: dict[str, float]
    solved: Solved

    def as_dict(self) -> dict[str, Any]:
        """All but the solution, for a report; None for an infinite number."""
        found = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "solved"}
        return {name: None if value in (np.inf, -np.inf) else value for name, value in found.items()}


def bench(
    problem: Problem, methods: Sequence[str] = ("monge-ampere",), *, nodes: int | None = None,
    transfer: str | None = None, fine: bool = True, progress: Callable[[str, int, int], None] | None = None,
) -> Iterator[Result]:  # fmt: skip
    """Solve ``problem`` on the mesh as it is, on meshes moved by ``methods``, and on a ``fine`` one, in this order.

    Arguments:
        methods: of `simulate.mesh_movement.move.METHODS`; "none" is always there.
        nodes: about how many the mesh is to have; None for what the problem has by itself.
        transfer: one of the problem's, see `simulate.mesh_movement.problems.transfer`; None for the usual one.
        progress: called with the method, steps done and steps in all.

    Raises `ValueError` for what is not known, and without scikit-fem; results come as they are found.
    """
    unknown = [method for method in methods if method not in (STILL, *METHODS)]
    if unknown:
        raise ValueError(f"method is {unknown[0]!r}, must be one of {', '.join(map(repr, (STILL, *METHODS)))}")
    count = problem.nodes if nodes is None else whole("nodes", nodes, FEWEST)
    if transfer not in (None, *problem.transfers):
        allowed = ", ".join(map(repr, problem.transfers))
        raise ValueError(f"transfer is {transfer!r}, must be one of {allowed} for {problem.name}")
    scikit_fem()
    say = progress or (lambda method, done, total: None)
    return _results(problem, methods, count, transfer or problem.transfers[0], fine, say)


def named(problem: str, quick: bool = False) -> Problem:
    """The problem of that name, `ValueError` if there is none; ``quick`` in seconds, too coarse to mean anything."""
    if problem not in PROBLEMS:
        raise ValueError(f"problem is {problem!r}, must be one of {', '.join(map(repr, PROBLEMS))}")
    made = PROBLEMS[problem]()
    return made.quick() if quick else made


def table(results: Sequence[Result]) -> str:
    """``results`` as lines of text."""
    measures = list(dict.fromkeys(name for row in results for name in row.measures))
    rows = [[*HEAD, *measures]]
    for row in results:
        rows.append(_cells(row) + [f"{row.measures[name]:.4g}" if name in row.measures else "" for name in measures])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        row[0].ljust(widths[0]) + "".join(f"  {cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True))
        for row in rows
    ]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def _cells(row: Result) -> list[str]:
    used = ", ".join(f"{name} {times}" for name, times in row.used.items())
    seconds = (f"{seconds:.2f}" for seconds in (row.solve_seconds, row.move_seconds, row.transfer_seconds))
    reduction = "" if row.method == STILL else f"{row.reduction:.1%}"
    counts = map(str, (row.moves, row.iterations, row.inverted))
    return [row.method, used, str(row.nodes), f"{row.error:.4g}", reduction, *seconds, *counts]


def _results(
    problem: Problem, methods: Sequence[str], nodes: int, transfer: str, fine: bool,
    progress: Callable[[str, int, int], None],
) -> Iterator[Result]:  # fmt: skip
    reference: float | None = None
    for method in (STILL, *dict.fromkeys(method for method in methods if method != STILL), *([FINE] * fine)):
        still = method in (STILL, FINE)
        size = nodes * (FINER if method == FINE else 1)
        if not still:
            # Not to time imports and the reading of weights.
            move_mesh(*block(2, 4), lambda points: 1 + points[:, 0], method=method)
        result = _result(problem, method, STILL if still else method, size, transfer, partial(progress, method))
        reference = result.error if reference is None else reference
        yield replace(result, reduction=1 - result.error / reference if 0 < reference < np.inf else 0.0)


def _result(problem: Problem, name: str, method: str, nodes: int, transfer: str, progress: Progress) -> Result:
    points, cells = problem.mesh(nodes)
    began = time.perf_counter()
    motion = Motion(points, cells, method, problem.boundary, transfer)
    solved = problem.solve(points, cells, motion, progress)
    others = motion.move_seconds + motion.transfer_seconds
    return Result(
        problem=problem.name, method=name, nodes=len(points), cells=len(cells), error=solved.error, reduction=0.0,
        solve_seconds=time.perf_counter() - began - others, move_seconds=motion.move_seconds,
        transfer_seconds=motion.transfer_seconds, moves=motion.moves, iterations=motion.iterations,
        used=dict(motion.used), inverted=motion.inverted, steps=solved.steps, measures=solved.measures, solved=solved,
    )  # fmt: skip
