"""Struts to solids: time, memory, triangles and volume by the number of struts, against manifold3d and trimesh.

Every row is a process of its own; its seconds begin after a small web has been made, which compiles. ``seconds`` are by
the clock, ``cpu`` those of all cores.

The plain case is a perturbed cubic lattice with a fifth of its struts missing, mean degree 4.5. The hard case has also
15 % chords that cross it, 3 % edges shorter than they are thick, and a quarter of its struts in contact with others.
"""

from __future__ import annotations

import json
import math
import resource
import subprocess
import sys
import time
from typing import Any

import numpy as np
from common import parser, save, table
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from structgen import WebGraph

RADIUS, CELL, MISSING = 0.4, 5.0, 0.2
CHORDS, SHORT = 0.15, 0.03
PLAIN = [("hybrid", size) for size in (1_000, 10_000, 100_000, 1_000_000)]
HARD = [("hybrid", size) for size in (1_000, 10_000, 100_000)]
PEERS = [("manifold3d", 1_000), ("manifold3d", 10_000), ("trimesh", 1_000)]
#: Sides and segments of the union that volumes are compared with.
FINE = 32


def plain_web(struts: int, seed: int = 0) -> WebGraph:
    """About so many struts of a perturbed lattice."""
    rng = np.random.default_rng(seed)
    n = max(2, round((struts / (3 * (1 - MISSING))) ** (1 / 3)))
    grid = np.stack(np.meshgrid(*[np.arange(n)] * 3, indexing="ij"), -1).reshape(-1, 3)
    pos = CELL * (grid + rng.normal(0, 0.15, grid.shape).clip(-0.3, 0.3))
    number = np.arange(n**3).reshape(n, n, n)
    pairs = [(number.take(range(n - 1), axis).ravel(), number.take(range(1, n), axis).ravel()) for axis in range(3)]
    edges = np.concatenate([np.column_stack(pair) for pair in pairs])
    edges = edges[rng.random(len(edges)) >= MISSING]
    return WebGraph.from_edges(pos, edges, RADIUS * rng.uniform(0.8, 1.2, len(edges))).largest_component()


def hard_web(struts: int, seed: int = 0) -> WebGraph:
    """About so many struts of a lattice with chords and with nodes that are split in two."""
    web = plain_web(round(struts * (1 - CHORDS - SHORT)), seed)
    rng = np.random.default_rng(seed + 1)
    chords = round(CHORDS * struts)
    node = rng.integers(0, web.n, chords)
    reach = rng.normal(size=(chords, 3))
    reach *= (1.6 * CELL * rng.uniform(0.8, 1.3, chords) / np.linalg.norm(reach, axis=1))[:, None]
    edges = np.concatenate(
        [web.edge_index.T, np.column_stack([node, cKDTree(web.pos).query(web.pos[node] + reach)[1]])]
    )
    edges = edges[edges[:, 0] != edges[:, 1]]
    split = rng.permutation(web.n)[: round(SHORT * struts)]
    twin = np.full(web.n, -1)
    twin[split] = web.n + np.arange(len(split))
    edges = np.where((rng.random(edges.shape) < 0.5) & (twin[edges] >= 0), twin[edges], edges)
    apart = rng.normal(size=(len(split), 3))
    apart *= (RADIUS * rng.uniform(0.2, 1.5, len(split)) / np.linalg.norm(apart, axis=1))[:, None]
    edges = np.concatenate([edges, np.column_stack([split, twin[split]])])
    radius = RADIUS * rng.uniform(0.8, 1.2, len(edges))
    return WebGraph.from_edges(np.concatenate([web.pos, web.pos[split] + apart]), edges, radius).largest_component()


def union(web: WebGraph, sides: int, segments: int, engine: str) -> tuple[int, float]:
    """Triangles and volume of the union of cylinders and balls at the nodes, of the volumes of round ones."""
    import manifold3d
    import trimesh

    wide = math.sqrt(2 * math.pi / (sides * math.sin(2 * math.pi / sides)))
    ball = manifold3d.Manifold.sphere(1.0, segments)
    ball = ball.scale([(4 / 3 * math.pi / ball.volume()) ** (1 / 3)] * 3)
    thickest = np.zeros(web.n)
    for ends in web.edge_index:
        np.maximum.at(thickest, ends, web.radius)
    start, along = web.pos[web.edge_index[0]], web.pos[web.edge_index[1]] - web.pos[web.edge_index[0]]
    parts = []
    for p, d, r in zip(start, along, web.radius.tolist(), strict=True):
        frame = Rotation.align_vectors(d[None], [[0, 0, 1]])[0].as_matrix()
        bar = manifold3d.Manifold.cylinder(float(np.linalg.norm(d)), wide * r, wide * r, sides)
        parts.append(bar.transform(np.column_stack([frame, p])))
    parts += [ball.scale([r] * 3).translate(p) for p, r in zip(web.pos, thickest.tolist(), strict=True)]
    if engine == "manifold3d":
        united = manifold3d.Manifold.batch_boolean(parts, manifold3d.OpType.Add)
        return united.num_tri(), united.volume()
    meshes = [trimesh.Trimesh(mesh.vert_properties[:, :3], mesh.tri_verts) for mesh in (p.to_mesh() for p in parts)]
    made = trimesh.boolean.union(meshes, engine="manifold")
    return len(made.faces), float(made.volume)


def measure(method: str, case: str, struts: int) -> dict[str, Any]:
    """One row, in this process."""
    from assembly import solidify

    make = plain_web if case == "plain" else hard_web
    solidify(make(300), workers=0)
    web = make(struts)
    began, cpu = time.perf_counter(), time.process_time()
    row: dict[str, Any] = {"method": method, "case": case, "struts": web.m}
    if method == "hybrid":
        report = solidify(web, workers=0).report
        row |= {"triangles": report.triangles, "volume_mm3": report.volume_mm3, "made_by": report.method}
        row |= {"genus": report.genus, "contacts": report.contacts, "faces_tested": report.faces_tested}
    else:
        row["triangles"], row["volume_mm3"] = union(web, 8, 12, method)
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    row["seconds"] = time.perf_counter() - began
    row["cpu"] = time.process_time() - cpu + spent.ru_utime + spent.ru_stime
    row["peak_gb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    row["triangles_per_strut"] = row["triangles"] / web.m
    if struts <= 1000:
        row["volume_error"] = row["volume_mm3"] / union(web, FINE, FINE, "manifold3d")[1] - 1
    return row


def in_process(method: str, case: str, struts: int) -> dict[str, Any]:
    """`measure` in a new process."""
    command = [sys.executable, __file__, "--one", method, case, str(struts)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    row: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return row


def main() -> None:
    """Measure, print, write."""
    arguments = parser(__doc__)
    arguments.add_argument("--largest", type=int, default=1_000_000, help="leave out larger webs")
    arguments.add_argument("--one", nargs=3, metavar=("METHOD", "CASE", "STRUTS"), help="one row as JSON, no file")
    options = arguments.parse_args()
    if options.one:
        method, case, struts = options.one
        print(json.dumps(measure(method, case, int(struts))))
        return
    plan = [(m, "plain", n) for m, n in PLAIN + PEERS] + [(m, "hard", n) for m, n in HARD]
    rows = []
    columns = ("method", "case", "struts", "seconds", "cpu", "peak_gb", "triangles_per_strut", "volume_error")
    for method, case, struts in plan:
        if struts <= options.largest:
            rows.append(in_process(method, case, struts))
            print(" ".join(f"{rows[-1].get(name, '')}" for name in columns), flush=True)
    print(table([columns, *([row.get(name, "") for name in columns] for row in rows)]))
    hybrid = [row for row in rows if row["method"] == "hybrid" and row["case"] == "plain" and row["struts"] > 5000]
    facts: dict[str, float] = {}
    if len(hybrid) > 1:
        size, cpu = (np.log([row[name] for row in hybrid]) for name in ("struts", "cpu"))
        facts["exponent"] = float(np.polyfit(size, cpu, 1)[0])
    by = {(row["method"], round(math.log10(row["struts"]))): row["seconds"] for row in rows if row["case"] == "plain"}
    if ("manifold3d", 4) in by:
        facts["times faster than manifold3d at 10,000"] = by["manifold3d", 4] / by["hybrid", 4]
    print(table([["", "value"], *facts.items()]))
    save("solids", {"rows": rows, "facts": facts}, options.output)


if __name__ == "__main__":
    main()
