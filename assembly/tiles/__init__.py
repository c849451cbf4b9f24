"""Parts larger than memory: meshed, checked and written tile by tile."""

from __future__ import annotations

from assembly.tiles.writing import TILE_STRUTS, solidify_to_stl

__all__ = ["TILE_STRUTS", "solidify_to_stl"]
