"""Struts to one closed mesh: direct where there is room, exact unions where struts collide."""

from __future__ import annotations

from assembly.hybrid.mesher import is_compiled, mesh

__all__ = ["is_compiled", "mesh"]
