"""Stacks of grey images in a TIFF file."""

from __future__ import annotations

import logging
import math
from pathlib import Path
from typing import Any

import numpy as np

from structgen.sources.clouds.fields import MAX_POINTS, FloatArray

#: Most pixels of a stack.
MAX_PIXELS = 2**28
#: Compressions that tifffile unpacks by itself: none, deflate (two numbers), PackBits.
COMPRESSIONS = (1, 8, 32946, 32773)
#: Longest compressed strip, bytes: deflate may unpack to a thousand times as much.
MAX_STRIP = 2**20


def read(path: Path, threshold: float | None = None) -> FloatArray:
    """See `structgen.sources.clouds.read_cloud`."""
    stack = _stack(path)
    if threshold is None:
        from skimage.filters import threshold_otsu

        threshold = float(threshold_otsu(stack)) if stack.min() < stack.max() else math.inf
    bright = stack > threshold
    found = int(np.count_nonzero(bright))
    if not 1 <= found <= MAX_POINTS:
        raise ValueError(f"{found} pixels are brighter than threshold {threshold:g}, must be 1 to {MAX_POINTS}")
    return np.argwhere(bright)[:, ::-1].astype(float)


def _stack(path: Path) -> Any:
    """``(images, rows, columns)`` grey values."""
    try:
        import tifffile
    except ImportError:
        raise ValueError(
            "image stacks need tifffile, which is not installed; pip install 'structgen-webs[scan]'"
        ) from None
    # What tifffile has to say of damaged files it says by raising, too.
    logging.getLogger("tifffile").setLevel(logging.CRITICAL)
    try:
        # Not as OME-TIFF, which may name other files to be opened.
        with tifffile.TiffFile(path, is_ome=False) as file:
            series = file.series[0]
            shape = [side for side in series.shape if side != 1]
            _check(file, series, shape, path.stat().st_size)
            stack = series.asarray().reshape((1,) * (3 - len(shape)) + tuple(shape))
    except ValueError:
        raise
    except Exception as error:  # tifffile and the decoders raise what they like on damaged data
        raise ValueError(f"not a sound TIFF file ({str(error)[:100] or type(error).__name__})") from None
    if stack.dtype.kind == "f" and not np.isfinite(stack).all():
        raise ValueError("its pixels must be finite")
    return stack


def _check(file: Any, series: Any, shape: list[int], size: int) -> None:
    if not 2 <= len(shape) <= 3 or series.dtype is None or series.dtype.kind not in "uif" or "S" in series.axes:
        raise ValueError(
            f"its images have axes {series.axes} of {series.shape} {series.dtype}, must be grey and (z, y, x)"
        )
    pixels = math.prod(shape)
    if not 0 < pixels <= MAX_PIXELS:
        raise ValueError(f"its images have {pixels} pixels, must be 1 to {MAX_PIXELS}")
    for page in series.pages:
        if page is None or int(page.compression) not in COMPRESSIONS:
            raise ValueError("its images must be uncompressed, or compressed by deflate or PackBits")
        packed = max(page.databytecounts, default=0)
        if any(at + many > size for at, many in zip(page.dataoffsets, page.databytecounts, strict=True)):
            raise ValueError("it ends before its images do")
        if int(page.compression) == 1 and pixels * series.dtype.itemsize > size:
            raise ValueError(f"it states {pixels} pixels, more than its {size} bytes can hold")
        if int(page.compression) != 1 and packed > MAX_STRIP:
            raise ValueError(f"it has a compressed strip of {packed} bytes, at most {MAX_STRIP} are read")
