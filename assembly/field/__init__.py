"""Solids by a block-sparse field of distances: the second way, for fillets and tapered struts."""

from __future__ import annotations

from assembly.field.mesher import field_solid

__all__ = ["field_solid"]
