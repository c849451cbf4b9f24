"""Error before and after the nodes of a solver's mesh moved, in the examples for solvers, of those that are installed.

dolfinx is run in the interpreter ``--dolfinx``, by default Debian's, from this checkout. With FiPy also diffusion
alone is solved, where moving does harm: its flux through a face is along the line between the centres of two cells.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from common import parser, save, table

CHECKOUT = Path(__file__).parents[1]
SAID = re.compile(r"^(\w.*), (\d+) nodes.*in (\S+) s\nerror in L2 (\S+) -> (\S+),", re.MULTILINE)


def measured(example: Path, interpreter: str) -> dict[str, Any] | None:
    """What an example says; None where its solver is missing."""
    environment = os.environ | {"PYTHONPATH": str(CHECKOUT), "OMP_NUM_THREADS": "1"}
    run = subprocess.run([interpreter, str(example)], capture_output=True, text=True, env=environment)
    if "ModuleNotFoundError" in run.stderr:
        return None
    said = SAID.search(run.stdout)
    if said is None:
        raise SystemExit(f"{example}: {run.stderr[-1000:]}")
    solver, nodes, seconds, before, after = said.groups()
    return {
        "solver": solver, "nodes": int(nodes), "error_before": float(before), "error_after": float(after),
        "reduction": 1 - float(after) / float(before), "seconds_moving": float(seconds),
    }  # fmt: skip


def fipy_poisson() -> dict[str, Any] | None:
    """-laplacian(u) = f on the unit square with FiPy, u a narrow peak, on 20 x 20 squares of four triangles."""
    try:
        from fipy import CellVariable, DiffusionTerm, LinearLUSolver, Tri2D
    except ImportError:
        return None
    from simulate import move_solver_mesh
    from simulate.mesh_movement import monitor

    def exact(x: Any, y: Any) -> Any:
        return np.exp(-((x - 0.51) ** 2 + (y - 0.65) ** 2) / 0.01)

    def solved(mesh: Any) -> tuple[Any, float]:
        u = CellVariable(mesh=mesh)
        u.constrain(exact(*np.asarray(mesh.faceCenters)), where=mesh.exteriorFaces)
        x, y = np.asarray(mesh.cellCenters)
        source = (400 - 40000 * ((x - 0.51) ** 2 + (y - 0.65) ** 2)) * exact(x, y)
        (DiffusionTerm() == -CellVariable(mesh=mesh, value=source)).solve(var=u, solver=LinearLUSolver())
        return u, float(np.sqrt(((u.value - exact(x, y)) ** 2 * np.asarray(mesh.cellVolumes)).sum()))

    mesh = Tri2D(nx=20, ny=20, dx=0.05, dy=0.05)
    solution, before = solved(mesh)
    moved_mesh, moved = move_solver_mesh(mesh, partial(monitor.hessian, strength=5), of=solution)
    after = solved(moved_mesh)[1]
    return {
        "solver": "FiPy", "nodes": moved.after.nodes, "error_before": before, "error_after": after,
        "reduction": 1 - after / before, "seconds_moving": moved.seconds,
    }  # fmt: skip


def main() -> None:
    """Measure, print, write."""
    arguments = parser(__doc__)
    arguments.add_argument("--dolfinx", default="/usr/bin/python3", help="interpreter that has dolfinx")
    options = arguments.parse_args()
    found = {}
    for example in sorted((CHECKOUT / "examples" / "solvers").glob("*.py")):
        result = measured(example, options.dolfinx if "dolfinx" in example.name else sys.executable)
        if result is not None:
            found[example.stem] = result
    diffusion = fipy_poisson()
    if diffusion is not None:
        found["fipy_poisson"] = diffusion
    rows = [[name, *list(result.values())[1:]] for name, result in found.items()]
    print(table([["example", "nodes", "before", "after", "reduction", "s moving"], *rows]))
    save("adapters", {"examples": found}, options.output)


if __name__ == "__main__":
    main()
