"""A closed mesh to try fillings and skins on, with what makes them hard: thin ears, a neck, no flat face."""

from __future__ import annotations

import numpy as np

from assembly.checks import number, whole
from assembly.meshes.mesh import TriangleMesh

#: Direction, height in radii and width (rad) of head, ears, tail and feet.
BUMPS = (
    ((0.8, 0, 0.7), 0.55, 0.5), ((0.45, 0.3, 1.0), 1.2, 0.16), ((0.45, -0.3, 1.0), 1.2, 0.16),
    ((-1.0, 0, -0.2), 0.35, 0.25), ((0.5, 0.6, -0.8), 0.4, 0.3), ((0.5, -0.6, -0.8), 0.4, 0.3),
)  # fmt: skip


def lump(height: float = 60.0, subdivisions: int = 5) -> TriangleMesh:
    """A smooth closed lump with a head, two ears, a tail and feet, ``height`` mm high, like Stanford's bunny.

    A sphere of ``20 * 4**subdivisions`` faces with bumps. Raises `ValueError` for a height that is not > 0, or
    ``subdivisions`` outside 2..7.
    """
    import trimesh

    height = number("height", height, "> 0 mm", lambda value: value > 0)
    ball = trimesh.creation.icosphere(whole("subdivisions", subdivisions, 2, 7))
    radius = np.ones(len(ball.vertices))
    for direction, bump, width in BUMPS:
        cosine = ball.vertices @ (np.array(direction) / np.linalg.norm(direction))
        radius += bump * np.exp(-(np.arccos(np.clip(cosine, -1, 1)) ** 2) / (2 * width**2))
    vertices = radius[:, None] * ball.vertices
    return TriangleMesh(vertices * (height / np.ptp(vertices[:, 2])), ball.faces)
