"""A shape with a skin: its wall of even thickness, and the web inside united with it."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from assembly.checks import number
from assembly.filling.trimming import node_radius
from assembly.meshes import TriangleMesh
from assembly.meshes.rounding import in_float32
from assembly.shape import Shape
from assembly.solid import Solid, solidify
from assembly.verify import (
    PLA_DENSITY,
    SolidReport,
    UnsoundSolid,
    find_degenerate,
    find_open_vertices,
    find_self_intersections,
    shells_of,
    welded_twins,
)
from structgen.web import FloatArray, WebGraph

#: The distance field is sampled in steps of this share of the thickness, or as fine as so many points allow.
STEP = 0.5
MAX_POINTS = 16_000_000
BLOCK = 8
#: The inner wall may be off by this share of the thickness where that saves triangles.
TOLERANCE = 0.01
#: Slivers lower than so many steps of float32 are taken out; if the part is not sound so, more of them.
LOWEST = (8, 32)
#: If it is not sound then either, the inner walls are moved by up to a quarter of their tolerance, in so many trials.
TRIALS = 4
#: A web is lifted by multiples of this, mm.
GRID = 2.0**-12


def skin_shell(shape: Shape, thickness: float) -> TriangleMesh:
    """The wall of ``shape``, ``thickness`` mm thick: its surface, and within it the walls of hollows, turned inward.

    The inner walls are where the distance from the surface is the thickness, sampled on a grid: flat where the surface
    is, rounded inside its edges. Raises `ValueError` where no hollow is left.
    """
    outer, hollow = _manifold(shape.mesh), _hollow(shape, thickness)
    return _mesh(outer - hollow)


def skinned(
    web: WebGraph,
    shape: Shape,
    thickness: float,
    sides: int = 8,
    density: float = PLA_DENSITY,
    progress: Callable[[str], None] | None = None,
) -> Solid:
    """The printable solid of a web that fills ``shape`` with a skin: both united, resting on z = 0.

    Its outside is the shape's, exactly; what of the web lies beyond is cut off. Hollows inside stay closed.

    Arguments:
        web: the web of `assembly.fill` with the same skin; it must reach into the skin.
        shape: the shape that it fills.
        thickness: of the skin in mm.
        sides, density, progress: as of `assembly.solid.solidify`.

    Raises `ValueError` for a web that is not inside, and as `skin_shell` and `assembly.solid.solidify` do,
    `UnsoundSolid` where the part fails a check.
    """
    since = time.perf_counter()
    tell = progress or (lambda _: None)
    outside = np.flatnonzero(~shape.contains(web.pos))
    if len(outside):
        x, y, z = web.pos[outside[0]]
        raise ValueError(
            f"{len(outside)} of {web.n} nodes lie outside the shape, the first at ({x:.4g}, {y:.4g}, {z:.4g}) mm: the "
            "web must be one that fills it"
        )
    hollow = _hollow(shape, thickness)
    struts = solidify(web, sides, density, progress=progress)
    tell("uniting web and skin")
    ground = np.array([0, 0, shape.bounds[0, 2]])
    # By steps that float32 has, so that what is sound in it stays so.
    lift = np.array([0, 0, GRID * round(float((web.pos[:, 2] - node_radius(web)).min() - ground[2]) / GRID)])
    outer = _manifold(TriangleMesh(shape.mesh.vertices - ground, shape.mesh.faces))
    solid = _manifold(TriangleMesh(struts.vertices + lift, struts.faces))
    rng = np.random.default_rng(len(struts.faces))
    for trial in range(TRIALS):
        # Elsewhere by less than can be seen, the walls cut the struts in other slivers.
        shift = rng.uniform(-1, 1, 3) * TOLERANCE * thickness / 4 if trial else np.zeros(3)
        part = outer - _without_bubbles(hollow.translate((shift - ground).tolist()) - solid, thickness)
        tell("checking the part")
        mesh = _mesh(part)
        step = float(np.spacing(np.float32(np.abs(mesh.bounds).max())))
        for low in LOWEST:
            try:
                return _checked(mesh, low * step, web, density, since)
            except UnsoundSolid as error:
                unsound = error
    raise unsound


def _hollow(shape: Shape, thickness: float) -> Any:
    """The hollow inside the skin, as a manifold3d solid."""
    most = float(shape.size.min()) / 2
    allowed = f"> 0 and < {most:.4g} mm, half the shape's least side"
    thickness = number("thickness", thickness, allowed, lambda value: 0 < value < most)
    level, origin, step = _field(shape, thickness)
    if not (level < 0).any():
        raise ValueError(f"thickness is {thickness:g} mm: no hollow is left in the shape")
    hollow = _manifold(_level_set(level, origin, step)).simplify(TOLERANCE * thickness)
    hollow = _without_bubbles(hollow, thickness)
    if hollow.is_empty():
        raise ValueError(f"thickness is {thickness:g} mm: no hollow is left in the shape")
    return hollow


def _without_bubbles(hollow: Any, thickness: float) -> Any:
    """The parts of ``hollow`` that are larger than a cube as wide as the wall is thick."""
    return type(hollow).compose([part for part in hollow.decompose() if part.volume() > thickness**3])


def _field(shape: Shape, thickness: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Distance from the inner wall, negative in the hollow, on a grid over the box; the grid's origin and steps.

    Exact where it changes sign, of the right sign elsewhere.
    """
    low, high = shape.bounds
    finest = (float(np.prod(high - low)) / MAX_POINTS) ** (1 / 3)
    count = np.ceil((high - low) / max(STEP * thickness, finest)).astype(int)
    # Whole blocks, of points 0 to 7 in each.
    blocks = -(-(count + 1) // BLOCK)
    step = (high - low) / count
    corners = np.array(list(itertools.product(*(range(b) for b in blocks)))) * BLOCK
    middle = shape.distance(low + (corners + (BLOCK - 1) / 2) * step) + thickness
    # A block whose points, and those next to it, are all on one side is not looked at.
    reach = float(np.linalg.norm(step)) * ((BLOCK - 1) / 2 + 1)
    level = np.empty(tuple(blocks * BLOCK))
    inner = np.array(list(itertools.product(range(BLOCK), repeat=3)))
    for corner, value in zip(corners, middle, strict=True):
        x, y, z = corner
        block = value
        if abs(value) <= reach:
            block = (shape.distance(low + (corner + inner) * step) + thickness).reshape(BLOCK, BLOCK, BLOCK)
        level[x : x + BLOCK, y : y + BLOCK, z : z + BLOCK] = block
    # A level that passes through a point of the grid would make faces without area.
    level[level == 0] = np.finfo(float).tiny
    return level, low, step


def _level_set(level: FloatArray, origin: FloatArray, step: FloatArray) -> TriangleMesh:
    """Where the level is 0, its inside where it is negative."""
    import pyvista as pv

    grid = pv.ImageData(dimensions=level.shape, spacing=step, origin=origin)
    grid.point_data["level"] = level.ravel(order="F")
    surface = grid.contour([0.0], "level", method="flying_edges")
    mesh = TriangleMesh.welded(np.asarray(surface.points, float), surface.faces.reshape(-1, 4)[:, 1:])
    return mesh if mesh.volume > 0 else mesh.turned()


def _manifold(mesh: TriangleMesh) -> Any:
    import manifold3d

    data = manifold3d.Mesh64(np.array(mesh.vertices), np.array(mesh.faces, np.uint64))
    data.merge()
    solid = manifold3d.Manifold(data)
    if solid.status() != manifold3d.Error.NoError:
        raise ValueError(f"the surface is no boundary of a solid: {solid.status().name}")
    return solid


def _mesh(solid: Any) -> TriangleMesh:
    mesh = solid.to_mesh64()
    return TriangleMesh(np.array(mesh.vert_properties[:, :3]), np.array(mesh.tri_verts, np.int64))


def _checked(mesh: TriangleMesh, low: float, web: WebGraph, density: float, since: float) -> Solid:
    """The part in float32, in one body that may have hollows; `UnsoundSolid` names the check that fails."""
    vertices, faces = in_float32(mesh, low)
    if len(found := find_open_vertices(len(vertices), faces)):
        raise UnsoundSolid("closed", "the surface does not close", vertices[found[0]])
    if len(found := welded_twins(vertices)):
        raise UnsoundSolid("float32", "vertices are the same in float32", vertices[found[0][0]])
    if len(found := find_degenerate(vertices, faces)):
        raise UnsoundSolid("degenerate", "a face has no area", vertices[faces[found[0], 0]])
    if len(found := find_self_intersections(vertices, faces)):
        raise UnsoundSolid("self-intersection", "faces cross or touch", vertices[faces[found[0, 0], 0]])
    shells = shells_of(vertices, faces)
    bodies, volume, genus = int((shells.volume > 0).sum()), float(shells.volume.sum()), int(shells.genus.sum())
    if bodies != 1:
        raise UnsoundSolid("bodies", f"web and skin are {bodies} bodies, must be one")
    x, y, z = np.ptp(vertices, axis=0).tolist()
    report = SolidReport(
        struts=web.m,
        nodes=web.n,
        components=1,
        volume_mm3=volume,
        mass_g=volume / 1000 * density,
        triangles=len(faces),
        triangles_per_strut=len(faces) / web.m,
        watertight=True,
        bodies=1,
        shells=len(shells.volume),
        voids=len(shells.volume) - 1,
        bounding_box_mm=(x, y, z),
        genus=genus,
        contacts=genus - (web.m - web.n + 1),
        self_intersections=0,
        faces_tested=len(faces),
        float32_manifold=True,
        method="skin",
        seconds=time.perf_counter() - since,
    )
    return Solid(vertices, faces, report)
