"""What adapters share."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from simulate.mesh_movement.checks import FloatArray, IntArray


def is_instance(value: Any, module: str, name: str) -> bool:
    """Whether ``value`` is of the class ``name`` of ``module``, which is not imported for the question."""
    loaded = sys.modules.get(module)
    return loaded is not None and isinstance(value, getattr(loaded, name, ()))


def check_alone(size: int) -> None:
    """Raise `ValueError` for a mesh shared among ``size`` > 1 processes."""
    if size > 1:
        raise ValueError(f"mesh is shared among {size} processes; only meshes of one process are moved")


def check_same_mesh(mesh: Any, of_field: Any) -> None:
    """Raise `ValueError` where the mesh of a field is not ``mesh``."""
    if of_field is not mesh:
        raise ValueError("field is of another mesh than the one to move")


def corner_means(n: int, cells: IntArray, corners: FloatArray) -> FloatArray:
    """``(n,)`` the mean at each node of ``corners (c, d + 1)``, the values in each cell at its corners."""
    count = np.bincount(cells.ravel(), minlength=n)
    means: FloatArray = np.bincount(cells.ravel(), corners.ravel(), n) / np.maximum(count, 1)
    return means
