"""Closed shapes filled with web: modules on a grid, cut at the surface, anchored in a skin or to a frame."""

from __future__ import annotations

from assembly.filling.fill import Filled, fill

__all__ = ["Filled", "fill"]
