"""Problems on moved meshes: errors and times of all movers side by side, on problems that none of them was made for.

Each problem is solved on its mesh as it is, on the meshes that each method moves, and on a still mesh of four times the
nodes; swirl and Burgers also with values interpolated from mesh to mesh (consistent transfer) instead of carried
conservatively. The targets are those of the README: the error falls, and no cell is inverted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from common import parser, save

from simulate.mesh_movement.move import METHODS
from simulate.mesh_movement.problems.bench import PROBLEMS, Result, bench, named, table
from simulate.mesh_movement.problems.cylinder import PUBLISHED


@dataclass(frozen=True)
class Choice:
    """What was asked for."""

    problems: tuple[str, ...]
    methods: tuple[str, ...]
    quick: bool
    fine: bool


def measured(name: str, transfer: str | None, choice: Choice) -> list[dict[str, Any]]:
    """All rows of a problem, printed as they come."""
    problem = named(name, choice.quick)
    results: list[Result] = []
    fine = choice.fine and not choice.quick and transfer == problem.transfers[0]
    for result in bench(problem, choice.methods, transfer=transfer, fine=fine):
        print(f"{name}, {result.method}: error {result.error:.4g}", flush=True)
        results.append(result)
    print(f"\n{name}, values carried: {transfer}\n{table(results)}\n", flush=True)
    return [{"transfer": transfer} | result.as_dict() for result in results]


def main() -> None:
    """Measure, print, write."""
    options = parser(__doc__)
    options.add_argument("--problem", action="append", choices=tuple(PROBLEMS), help="of several; default: all")
    options.add_argument("--method", action="append", choices=tuple(METHODS), help="of several; default: all")
    options.add_argument("--quick", action="store_true", help="in seconds, too coarse to mean anything")
    options.add_argument("--no-fine", action="store_true", help="without the still meshes of four times the nodes")
    given = options.parse_args()
    choice = Choice(
        tuple(given.problem or PROBLEMS), tuple(given.method or METHODS), given.quick, not given.no_fine
    )  # fmt: skip
    rows = [
        row
        for name in choice.problems
        for transfer in named(name).transfers
        for row in measured(name, transfer, choice)
    ]  # fmt: skip
    worst = sum(row["inverted"] for row in rows)
    print(f"inverted cells in all: {worst}; published of the cylinder: {PUBLISHED}")
    save("mesh_movement_problems", {"quick": choice.quick, "published": {"cylinder": PUBLISHED}, "rows": rows},
         given.output)  # fmt: skip


if __name__ == "__main__":
    main()
