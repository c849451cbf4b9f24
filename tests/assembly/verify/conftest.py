"""Meshes that the tests of verification share."""

import manifold3d
import numpy as np
import pytest
import trimesh


@pytest.fixture(scope="session")
def cube():
    """``cube(low, side, divided)``: vertices and faces of a cube; ``divided`` times each edge is halved."""

    def make(low=(0, 0, 0), side=10.0, divided=0):
        box = trimesh.creation.box((1, 1, 1))
        for _ in range(divided):
            box = box.subdivide()
        return (np.array(box.vertices) + 0.5) * side + np.asarray(low, float), np.array(box.faces, np.int64)

    return make


@pytest.fixture(scope="session")
def together():
    """``together(*meshes)``: the meshes as one, nothing merged."""

    def make(*meshes):
        offsets = np.cumsum([0, *(len(v) for v, _ in meshes)])
        faces = [f + offset for (_, f), offset in zip(meshes, offsets, strict=False)]
        return np.concatenate([v for v, _ in meshes]), np.concatenate(faces)

    return make


@pytest.fixture(scope="session")
def merged():
    """``merged(vertices, faces)``: the mesh with equal vertices made one."""

    def make(vertices, faces):
        vertices, number = np.unique(vertices, axis=0, return_inverse=True)
        return vertices, number.reshape(-1)[faces]

    return make


@pytest.fixture(scope="session")
def capsules():
    """``capsules(seed, count, size)``: the union of random round-ended struts, by manifold3d, exact in float32."""

    def make(seed, count=12, size=10.0):
        rng = np.random.default_rng(seed)
        pieces = []
        for start, end in rng.uniform(0, size, (count, 2, 3)):
            ball = manifold3d.Manifold.sphere(float(rng.uniform(0.3, 1)), 8)
            pieces.append(ball.translate(start.tolist()) + ball.translate(end.tolist()))
            pieces[-1] = pieces[-1].hull()
        mesh = manifold3d.Manifold.batch_boolean(pieces, manifold3d.OpType.Add).simplify(1e-4).to_mesh64()
        vertices = np.array(mesh.vert_properties[:, :3]).astype(np.float32).astype(np.float64)
        return vertices, np.array(mesh.tri_verts, np.int64)

    return make
