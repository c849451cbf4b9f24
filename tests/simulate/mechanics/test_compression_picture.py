from __future__ import annotations

import itertools

import numpy as np
import pytest
from PIL import Image

from simulate.mechanics.compression import compression
from simulate.mechanics.compression_picture import animate, plot, write_vtp
from simulate.mechanics.frame.material import Material
from simulate.mechanics.lattices import lattice

PLA = Material(3500.0, 57.0, 1.24, name="pla")


@pytest.fixture(scope="module")
def crushed():
    return compression(lattice("cubic", 10.0, 0.4, 1), PLA, to_strain=0.1, steps=8, parts=3, frames=4)


def drawn(path):
    return np.asarray(Image.open(path).convert("L"), float)


def test_the_curve_and_the_web_before_and_after(crushed, tmp_path):
    plot(crushed, tmp_path / "curve.png")
    image = drawn(tmp_path / "curve.png")
    thirds = np.array_split(image, 3, axis=1)
    assert all((third < 250).mean() > 0.005 for third in thirds)


def test_without_states_the_curve_alone(tmp_path, refused):
    alone = compression(lattice("cubic", 10.0, 0.4, 1), PLA, to_strain=0.01, steps=2, parts=1)
    plot(alone, tmp_path / "curve.png")
    assert drawn(tmp_path / "curve.png").std() > 5
    with refused("frames: no state was kept"):
        animate(alone, tmp_path / "crushed.gif")


def test_the_animation_shows_each_state(crushed, tmp_path):
    animate(crushed, tmp_path / "crushed.gif")
    with Image.open(tmp_path / "crushed.gif") as image:
        assert image.n_frames == len(crushed.frames) == 4
        shown = []
        for k in range(4):
            image.seek(k)
            shown.append(np.asarray(image.convert("L"), float))
    web = slice(None), slice(0, shown[0].shape[1] // 2)
    assert all(np.abs(b[web] - a[web]).mean() > 0.1 for a, b in itertools.pairwise(shown))


def test_states_as_vtk_files(crushed, tmp_path):
    import pyvista as pv

    paths = write_vtp(crushed, tmp_path)
    strain, pos, stress = crushed.frames[2]
    mesh = pv.read(paths[2])
    web = crushed.web
    assert mesh.n_cells == web.m
    np.testing.assert_allclose(mesh.points, pos)
    np.testing.assert_allclose(mesh.cell_data["stress"], stress)
    # Each strut is a line of three beams from one of its nodes to the other.
    lines = mesh.lines.reshape(web.m, 5)
    np.testing.assert_array_equal(lines[:, [1, 4]], web.edge_index.T)
    rest = mesh.points - mesh.point_data["displacement"]
    between = (2 * web.pos[web.edge_index[0]] + web.pos[web.edge_index[1]]) / 3
    np.testing.assert_allclose(rest[lines[:, 2]], between, atol=1e-5)
    assert f'timestep="{strain:.9g}" file="{paths[2].name}"' in (tmp_path / "states.pvd").read_text()
