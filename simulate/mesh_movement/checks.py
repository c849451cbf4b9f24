"""Arrays of meshes, and checks of those that users give: one line that names the argument and what is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


def real_array(name: str, value: Any, shape: tuple[int | None, ...]) -> FloatArray:
    """``value`` as finite floats of ``shape``, where None is any length; else `ValueError` naming the first bad row."""
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError(f"{name} is ragged, must have the shape {_shape(shape)}") from None
    if array.dtype.kind not in "iuf":
        raise ValueError(f"{name} has the type {array.dtype}, must hold real numbers")
    fits = array.ndim == len(shape) and all(want in (None, have) for want, have in zip(shape, array.shape, strict=True))
    if not fits:
        raise ValueError(f"{name} has the shape {array.shape}, must have {_shape(shape)}")
    array = np.array(array, dtype=float)
    bad = np.flatnonzero(~np.isfinite(array).reshape(len(array), -1).all(axis=1))
    if bad.size:
        raise ValueError(f"{name} of node {bad[0]} is {array[bad[0]]}, must be finite")
    return array


def node_mask(name: str, nodes: npt.ArrayLike | None, n: int) -> BoolArray:
    """``(n,)`` mask of ``nodes``: a mask, node numbers, or None for none; else `ValueError`."""
    mask = np.zeros(n, dtype=bool)
    if nodes is None:
        return mask
    given = np.asarray(nodes)
    if given.dtype == bool and given.shape == (n,):
        return given.copy()
    if given.size == 0:
        return mask
    if given.dtype.kind not in "iu" or given.ndim != 1:
        raise ValueError(f"{name} has the type {given.dtype} and shape {given.shape}, must be node numbers or a mask")
    bad = given[(given < 0) | (given >= n)]
    if bad.size:
        raise ValueError(f"{name} names node {bad[0]}, must be in 0..{n - 1}")
    mask[given] = True
    return mask


def _shape(shape: tuple[int | None, ...]) -> str:
    lengths = ", ".join("any" if length is None else str(length) for length in shape)
    return f"({lengths},)" if len(shape) == 1 else f"({lengths})"
