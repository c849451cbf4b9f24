"""Surfaces that webs are wrapped on: a plane patch, a cylinder, what a profile sweeps out, any triangle mesh."""

from __future__ import annotations

from assembly.surfaces.mesh import MeshSurface
from assembly.surfaces.plane import Plane
from assembly.surfaces.revolved import Revolved, cylinder, revolved
from assembly.surfaces.surface import Patch, Surface

__all__ = ["MeshSurface", "Patch", "Plane", "Revolved", "Surface", "cylinder", "revolved"]
