"""Solids by a block-sparse field of distances: the second way, for fillets and tapered struts."""

from __future__ import annotations

from assembly.field.mesher import field_solid
from assembly.field.solid import solid_of_field

__all__ = ["field_solid", "solid_of_field"]
