"""Regular lattices, whose stiffness is known in closed form: what webs are measured against."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np

from simulate.checks import positive, whole
from structgen.web import FloatArray, IntArray, WebGraph


def _cubic() -> tuple[FloatArray, float]:
    """Corners of the cell; struts are as long as its side."""
    return np.array(list(itertools.product((0.0, 1.0), repeat=3))), 1.0


def _octet() -> tuple[FloatArray, float]:
    """Corners and centres of faces of the cell."""
    faces = [np.where(np.arange(3) == axis, side, 0.5) for axis in range(3) for side in (0.0, 1.0)]
    return np.concatenate([_cubic()[0], faces]), np.sqrt(0.5)


def _kelvin() -> tuple[FloatArray, float]:
    """Corners of a truncated octahedron, whose squares lie in the faces of the cell."""
    corners = {tuple(p) for q in itertools.product((0.0,), (-1.0, 1.0), (-2.0, 2.0)) for p in itertools.permutations(q)}
    return np.array(sorted(corners)) / 4 + 0.5, np.sqrt(2) / 4


#: Nodes of a cell of side 1 and length of struts, by name: ``cubic``; ``octet``, the truss of V. S. Deshpande, N. A.
#: Fleck, M. F. Ashby, J. Mech. Phys. Solids 49 (2001) 1747; ``kelvin``, the edges of truncated octahedra.
LATTICES: Mapping[str, tuple[FloatArray, float]] = {"cubic": _cubic(), "octet": _octet(), "kelvin": _kelvin()}


def lattice(name: str, cell: float, radius: float, cells: int = 1) -> WebGraph:
    """``cells`` cubed cells of a regular lattice of `LATTICES`, from the origin.

    Arguments:
        cell: side of a cubic cell, mm.
        radius: of struts, mm.

    Raises `ValueError` for arguments out of range.
    """
    if name not in LATTICES:
        raise ValueError(f"name is {name!r}, must be one of {', '.join(LATTICES)}")
    positive("cell", cell)
    whole("cells", cells, 1)
    nodes, length = LATTICES[name]
    apart = np.linalg.norm(nodes[:, None] - nodes, axis=2)
    edges = np.argwhere(np.triu(np.abs(apart - length) < 1e-9))
    shifts = np.array(list(itertools.product(range(cells), repeat=3)), float)
    # Nodes that cells share are the same where they agree in 1e-6 of a cell.
    every = np.round((nodes + shifts[:, None]).reshape(-1, 3), 6)
    _, first, number = np.unique(every, axis=0, return_index=True, return_inverse=True)
    pairs: IntArray = number[(edges + len(nodes) * np.arange(len(shifts))[:, None, None]).reshape(-1, 2)]
    exact = (nodes + shifts[:, None]).reshape(-1, 3)[first]
    return WebGraph.from_edges(cell * exact, pairs, radius)
