"""From a web to the STL file of its solid, tile by tile."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from assembly.checks import number, whole
from assembly.files.stl import stl_writer
from assembly.files.surface import millimetres
from assembly.hybrid.mesher import grid_cell, pieces_of, used_vertices
from assembly.hybrid.nodes import Rings, places_along, ring_corners, rings_of
from assembly.hybrid.pieces import Pieces
from assembly.hybrid.struts import Struts, struts_of
from assembly.solid import SHORTEST_EDGE, SIDES, check_web, float32_step
from assembly.tiles.checking import Stored, Whole, checked_tile, joined
from assembly.tiles.cutting import Made, Neighbourhoods, Tiles, tiles_of
from assembly.tiles.meshing import find_collisions, lowest_of_parts, mesh_tile
from assembly.verify import PLA_DENSITY, SolidReport
from assembly.verify.sound import check_box
from structgen.files import whole_file
from structgen.parallel import parallel_map
from structgen.web import FloatArray, WebGraph

#: Struts of a tile, if their number is not given.
TILE_STRUTS = 50_000
#: Rings that are made at a time where only their heights matter.
RINGS = 1 << 16


def solidify_to_stl(
    web: WebGraph,
    path: str | Path,
    sides: int = 8,
    density: float = PLA_DENSITY,
    *,
    tiles: int | None = None,
    unit: str = "mm",
    workers: int = 1,
    scheduler: str | None = None,
    progress: Callable[[str], None] | None = None,
) -> SolidReport:
    """Write the solid that `assembly.solid.solidify` makes of ``web`` as binary STL, of the same triangles.

    Its nodes are cut into boxes. Of each tile only the faces of its own skins, shafts and clusters of colliding struts
    are in memory, beside some hundred bytes for each strut of the web. Everything that decides about a face, the
    neighbours' struts too, is known to its tile, so that tiles fit each other to the bit.

    Verified: each edge has two faces that run along it in opposite directions, also across tiles; each vertex one fan
    of faces; vertices are apart in float32; no face lacks an area; no two of all faces touch or cross; one body; its
    box. Closed holes inside are filled.

    Arguments:
        web, sides, density, progress: as of `solidify`, but of any number of struts.
        path: written whole or not at all; needs as much free space beside it as it will have, once more.
        tiles: how many; by default one for each 50,000 struts. The triangles do not depend on it, their order does.
        unit: that the numbers count, ``"mm"``, ``"cm"`` or ``"inch"``.
        workers: processes that mesh tiles, 0 is one a core; each has a tile in memory. The bytes are the same.
        scheduler: address of a `dask.distributed` scheduler whose workers mesh the tiles instead.

    Raises `ValueError` as `solidify`, `UnsoundSolid` where the result is not sound, `OSError` where it cannot be
    written or no scheduler answers.
    """
    since, tell = time.perf_counter(), progress or (lambda _: None)
    sides, density = whole("sides", sides, *SIDES), number("density", density, "> 0 g/cm3", lambda value: value > 0)
    count = max(1, -(-web.m // TILE_STRUTS)) if tiles is None else whole("tiles", tiles, 1)
    millimetres(unit)
    check_web(web)
    with whole_file(path) as temporary, tempfile.TemporaryDirectory(dir=temporary.parent, prefix=".tiles-") as folder:
        count, stored = _meshed(web, sides, count, Path(folder), workers, scheduler, tell)
        checked = []
        for k in range(count):
            tell(f"checking tile {k + 1} of {count}")
            checked.append(checked_tile(stored, k))
        part = joined(checked)
        box = _written(stored, part, temporary, unit)
        check_box(box, web)
    x, y, z = np.ptp(box, axis=0).tolist()
    return SolidReport(
        struts=web.m,
        nodes=web.n,
        components=1,
        volume_mm3=part.volume,
        mass_g=part.volume / 1000 * density,
        triangles=part.faces,
        triangles_per_strut=part.faces / web.m,
        watertight=True,
        bodies=1,
        shells=1,
        voids=0,
        bounding_box_mm=(x, y, z),
        genus=part.genus,
        contacts=part.genus - (web.m - web.n + 1),
        self_intersections=0,
        faces_tested=part.faces,
        float32_manifold=True,
        method=f"hybrid in {count} tiles",
        seconds=time.perf_counter() - since,
    )


def _meshed(
    web: WebGraph, sides: int, count: int, folder: Path, workers: int, scheduler: str | None,
    tell: Callable[[str], None],
) -> tuple[int, Stored]:  # fmt: skip
    """How many tiles there are, at most ``count``, and their meshes, standing on z = 0."""
    step = float32_step(web)
    s = struts_of(web, sides, SHORTEST_EDGE * step)
    if not s.m:
        raise ValueError("web has no strut of a length")
    label = tiles_of(s.pos, count)
    count = int(label.max()) + 1
    rings, cell = rings_of(s), grid_cell(s)
    near = Made(Neighbourhoods(s, rings, label, sides, step, cell), count)
    found, united, low = [], rings.united.copy(), np.full(s.n, np.inf)
    for k, (pairs, own, crowded, heights) in enumerate(parallel_map(find_collisions, near, workers, scheduler)):
        tell(f"looking for collisions in tile {k + 1} of {count}")
        found.append(pairs)
        united[own], low[own] = crowded, heights
    pieces, united, along = pieces_of(s, united, rings.along, np.unique(np.concatenate(found), axis=0))
    lowest = min(float(low[united == 0].min(initial=np.inf)), _lowest_ring(s, sides, pieces, along))
    plan = Tiles(s, Rings(rings.angles, along, united), pieces, label, sides, step, SHORTEST_EDGE * step)
    for k in range(count):
        if plan.has_clusters(k):
            lowest = min(lowest, lowest_of_parts(plan(k)))

    def meshed(ground: float) -> tuple[Stored, float]:
        """The tiles set down by ``ground`` mm, and by how much they should be."""
        stored, least = Stored(folder), np.inf
        tiles = Made(plan.standing(lowest, ground), count)
        for k, mesh in enumerate(parallel_map(mesh_tile, tiles, workers, scheduler)):
            tell(f"meshing tile {k + 1} of {count}")
            stored.put(mesh)
            least = min(least, mesh.low)
        return stored, least

    stored, ground = meshed(lowest)
    # A union may have lost the lowest point of its parts.
    return count, stored if ground == lowest else meshed(ground)[0]


def _lowest_ring(s: Struts, sides: int, pieces: Pieces, along: FloatArray) -> float:
    """Least z of the rings that shafts have, mm."""
    strut = np.concatenate([np.repeat(np.arange(s.m), 2), pieces.extra[:, 0].astype(np.int64)])
    places = np.concatenate([places_along(s, along), pieces.extra[:, 1]])
    rings, least = pieces.shafts.ravel(), np.inf
    for first in range(0, len(rings), RINGS):
        some = rings[first : first + RINGS]
        least = min(least, float(ring_corners(s, sides, strut[some], places[some])[..., 2].min()))
    return least


def _written(stored: Stored, part: Whole, path: Path, unit: str) -> FloatArray:
    """Write the faces of the body; ``(2, 3)`` its box."""
    low, high = np.full(3, np.inf), np.full(3, -np.inf)
    with stl_writer(path, part.faces, unit) as write:
        for k, kept in enumerate(part.kept):
            vertices, faces = stored.kept(k, kept)
            if len(faces):
                corners = vertices[used_vertices(len(vertices), faces)]
                low, high = np.minimum(low, corners.min(axis=0)), np.maximum(high, corners.max(axis=0))
            write(vertices, faces)
    return np.array([low, high])
