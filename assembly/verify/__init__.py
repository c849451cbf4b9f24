"""Verification of solids: exact, and independent of how they were made.

>>> from assembly.verify import verified
>>> report = verified(solid.vertices, solid.faces, web)  # UnsoundSolid tells which check failed, and where
"""

from __future__ import annotations

from assembly.verify.intersections import find_self_intersections
from assembly.verify.report import PLA_DENSITY, SolidReport
from assembly.verify.sound import UnsoundSolid, verified
from assembly.verify.topology import (
    Shells,
    checked_mesh,
    edge_fault,
    find_degenerate,
    find_open_vertices,
    shells_of,
    welded_twins,
    without_voids,
)

__all__ = [
    "PLA_DENSITY",
    "Shells",
    "SolidReport",
    "UnsoundSolid",
    "checked_mesh",
    "edge_fault",
    "find_degenerate",
    "find_open_vertices",
    "find_self_intersections",
    "shells_of",
    "verified",
    "welded_twins",
    "without_voids",
]
