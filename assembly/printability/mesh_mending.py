"""A solid mended for printing: thicker walls, no loose parts, holes that drain hollows, pillars under islands."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from assembly.meshes import TriangleMesh
from assembly.printability.draining import drainage
from assembly.printability.mesh_findings import FACETS, islands, loose_parts, thin_patches
from assembly.printability.part import Part
from assembly.printability.processes import Process
from assembly.printability.regions import regions_of
from assembly.printability.rules import FALLS, span_rule
from assembly.printability.spans import flat_spans
from assembly.printability.supports import overhangs_of
from assembly.printability.surfaces import hollows, patches
from assembly.printability.thickness import wall_thickness
from structgen.web import FloatArray

#: Sides of pillars and drills.
SIDES = 16
#: Pillars are as thick as the thinnest strut may be, and one part in this many of their height.
SLENDER = 40.0
#: Rounds of moving walls outwards, each followed by a measurement.
GROWTHS = 4
#: Walls are grown beyond the limit by this share: their facets come out thinner.
BEYOND = 1.04


def thickened(mesh: TriangleMesh, process: Process) -> tuple[TriangleMesh, int]:
    """``mesh`` with thin walls moved outwards until they print, and the number of faces that were too thin.

    Vertices move along their normals, all at once: right for single struts and plates. Where that would break the
    surface, as it may where many struts meet, the mesh is returned as it was with 0.
    """
    grown, count = _grown(mesh, process)
    parts = [regions_of(Part(it).layers(process.step_mm)).roots for it in (mesh, grown)]
    return (mesh, 0) if thin_patches(grown, process) or len(parts[1]) > len(parts[0]) else (grown, count)


def _grown(mesh: TriangleMesh, process: Process) -> tuple[TriangleMesh, int]:
    count = 0
    for _ in range(GROWTHS):
        thickness = wall_thickness(mesh, 4 * process.strut_mm)
        thin = thickness < FACETS * process.strut_mm
        if not thin.any():
            break
        count = count or int(thin.sum())
        missing = np.zeros(len(thin))
        for patch in patches(mesh, thin, 0.0):
            missing[patch.faces] = (BEYOND * process.strut_mm - np.quantile(thickness[patch.faces], 0.5)) / 2
        out, normals = np.zeros(len(mesh.vertices)), mesh.vertex_normals
        for corner in mesh.faces.T:
            # Along the normal of a corner, a face moves less than the corner does.
            lean = np.clip((normals[corner] * mesh.normals).sum(axis=1), 0.5, 1.0)
            np.maximum.at(out, corner, missing / lean)
        mesh = TriangleMesh(mesh.vertices + out[:, None] * normals, mesh.faces)
    return mesh, count


def without_loose(mesh: TriangleMesh, process: Process) -> tuple[TriangleMesh, int]:
    """The largest part of ``mesh``, the hollows in it and what it touches; and the number of parts left out."""
    layers = Part(mesh).layers(process.step_mm)
    regions = regions_of(layers)
    if not loose_parts(regions, process).any():
        return mesh, 0
    kept = int(np.argmax(regions.volumes))
    # A shell belongs to the part of the run that begins or ends nearest to the middles of its faces.
    runs = np.arange(len(layers.begin))
    ends = np.concatenate([layers.middles(runs)] * 2)
    ends[:, 0] = np.concatenate([layers.begin, layers.end])
    nearest = cKDTree(ends).query(mesh.corners.mean(axis=1))[1] % len(runs)
    votes = np.zeros((int(mesh.shells.max()) + 1, 2))
    np.add.at(votes, (mesh.shells, (regions.part[nearest] == kept).astype(int)), mesh.face_areas)
    stays = votes[:, 1] > votes[:, 0]
    return TriangleMesh.welded(mesh.vertices, mesh.faces[stays[mesh.shells]]), len(regions.roots) - 1


def drained(mesh: TriangleMesh, process: Process) -> tuple[TriangleMesh, int]:
    """``mesh`` with two holes into each hollow that does not drain, from below and, to let air in, from above."""
    drills: list[tuple[float, float, float]] = []
    for hollow in hollows(mesh):
        places = mesh.corners[hollow.faces].reshape(-1, 3)
        # The drill begins inside the hollow, so that it opens on all of its width.
        z = float(places[:, 2].mean())
        for end in (places[:, 2].argmin(), places[:, 2].argmax()):
            x, y, _ = places[end].tolist()
            drills.append((x, y, z))
    for narrow in drainage(mesh, process.drain_mm).narrow:
        drills += [narrow.lowest, narrow.highest]
    if not drills:
        return mesh, 0
    solid = _manifold(mesh)
    for (x, y, z), outside in zip(drills, itertools.cycle((mesh.bounds[:, 2] + [-1.0, 1.0]).tolist()), strict=False):
        solid = solid - _bar((x, y, min(z, outside)), abs(outside - z), process.drain_mm / 2)
    return _mesh(solid), len(drills) // 2


def propped(mesh: TriangleMesh, process: Process) -> tuple[TriangleMesh, int]:
    """``mesh`` with pillars under islands and under flat spans that would fall, and their number."""
    import manifold3d

    total = 0
    for _ in range(3):
        places = _to_prop(mesh, process)
        if not places:
            break
        pieces = [_manifold(mesh)]
        for place in places:
            foot, on_plate = _below(mesh, place)
            radius = max(process.strut_mm, (place[2] - foot) / SLENDER) / 2
            # Both ends reach into what they join.
            low = foot if on_plate else foot - radius
            pieces.append(_bar((place[0], place[1], low), place[2] + radius - low, radius))
        mesh = _mesh(manifold3d.Manifold.batch_boolean(pieces, manifold3d.OpType.Add))
        total += len(places)
    return mesh, total


def _to_prop(mesh: TriangleMesh, process: Process) -> list[tuple[float, float, float]]:
    layers = Part(mesh).layers(process.step_mm)
    places = [place for place, _ in islands(layers, regions_of(layers), process)]
    overhangs = overhangs_of(layers, process.overhang_deg)
    for span in flat_spans(layers, overhangs, min(process.cantilever_mm, process.bridge_mm)):
        if span.length > FALLS * span_rule(span.bridge, process)[1]:
            places.append(span.where)
    return places


def _below(mesh: TriangleMesh, place: Sequence[float]) -> tuple[float, bool]:
    """Height of the first surface that looks up under a place, and whether it is the plate instead."""
    x, y, z = place
    a, b, c = (mesh.corners[:, k] - [x, y, 0.0] for k in range(3))
    sides = [u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0] for u, v in ((b, c), (c, a), (a, b))]
    total = sides[0] + sides[1] + sides[2]
    met = (np.min(sides, axis=0) >= 0) & (total > 0)
    heights = sum(s[met] * corner[met, 2] for s, corner in zip(sides, (a, b, c), strict=True)) / total[met]
    under = np.asarray(heights)[np.asarray(heights) < z - 1e-9]
    return (float(under.max()), False) if len(under) else (0.0, True)


def _bar(foot: tuple[float, float, float], height: float, radius: float) -> Any:
    import manifold3d

    widened = radius / math.cos(math.pi / SIDES)
    return manifold3d.Manifold.cylinder(height, widened, widened, SIDES).translate(foot)


def _manifold(mesh: TriangleMesh) -> Any:
    """The mesh for boolean operations, its overlapping shells made one; raises `ValueError` where it has none."""
    import manifold3d

    whole = manifold3d.Manifold(manifold3d.Mesh64(np.array(mesh.vertices), np.array(mesh.faces, np.uint64)))
    if whole.status() != manifold3d.Error.NoError:
        raise ValueError(f"the mesh cannot be mended: it {mesh.fault() or whole.status()}")
    return whole


def _mesh(solid: Any) -> TriangleMesh:
    made = solid.to_mesh64()
    vertices: FloatArray = np.array(made.vert_properties[:, :3])
    return TriangleMesh(vertices, np.array(made.tri_verts, np.int64))
