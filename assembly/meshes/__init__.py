"""Triangle meshes: the arrays, what can be asked of them, and the files that they come from."""

from __future__ import annotations

from assembly.meshes.lump import lump
from assembly.meshes.mesh import TriangleMesh
from assembly.meshes.reading import SUFFIXES, read_mesh

__all__ = ["SUFFIXES", "TriangleMesh", "lump", "read_mesh"]
