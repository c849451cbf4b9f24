"""From points to a skeleton of voxels: stray points and thick bodies go, what is left is thinned to one voxel."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial import cKDTree

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

#: Largest grid of voxels that is filled, a byte each; skeletonizing takes a few times as much memory.
MAX_VOXELS = 2**28
#: Empty voxels around the points, so that closing and thinning never touch the border.
MARGIN = 4


@dataclass(frozen=True)
class Grid:
    """Filled voxels.

    Arguments:
        filled: ``(a, b, c)`` which voxels hold points.
        origin: ``(3,)`` lower corner of the first voxel, mm.
        voxel: side of a voxel, mm.
    """

    filled: BoolArray
    origin: FloatArray
    voxel: float

    def cells(self, points: FloatArray) -> tuple[IntArray, IntArray, IntArray]:
        """Indices of the voxels that hold ``points``."""
        i, j, k = np.floor((points - self.origin) / self.voxel).astype(np.int64).T
        return i, j, k

    def centres(self, cells: IntArray) -> FloatArray:
        """``(n, 3)`` middles of the voxels with indices ``cells`` (n, 3), mm."""
        middles: FloatArray = self.origin + (cells + 0.5) * self.voxel
        return middles


def lonely(points: FloatArray, reach: float, neighbours: int) -> BoolArray:
    """``(n,)`` whether a point has fewer than ``neighbours`` others within ``reach`` mm."""
    if neighbours < 1:
        return np.zeros(len(points), bool)
    distance, _ = cKDTree(points).query(points, k=[min(neighbours + 1, len(points))], distance_upper_bound=reach)
    alone: BoolArray = ~np.isfinite(distance[:, 0])
    return alone if len(points) > neighbours else np.ones(len(points), bool)


def voxelised(points: FloatArray, voxel: float) -> Grid:
    """The grid that ``points`` fill. Raises `ValueError` where it would have more than 2**28 voxels."""
    origin = points.min(axis=0) - MARGIN * voxel
    shape = [int(side) for side in np.floor(np.ptp(points, axis=0) / voxel) + 2 * MARGIN + 1]
    if math.prod(shape) > MAX_VOXELS:
        least = voxel * (math.prod(shape) / MAX_VOXELS) ** (1 / 3)
        raise ValueError(
            f"voxel is {voxel:g} mm, which makes a grid of {' x '.join(map(str, shape))}; at most {MAX_VOXELS} voxels "
            f"are filled, so it must be about {1.05 * least:.3g} mm or more"
        )
    grid = Grid(np.zeros(shape, bool), origin, voxel)
    grid.filled[grid.cells(points)] = True
    return grid


def thickened(grid: Grid) -> Grid:
    """The grid with the voxels around filled ones filled: it closes the pinholes and nicks of a sampled thread.

    Not undone by an erosion, as a closing would: that would open the nicks again, and thinning follows.
    """
    return Grid(ndimage.binary_dilation(grid.filled), grid.origin, grid.voxel)


def bodies(grid: Grid, radius: int) -> BoolArray:
    """Voxels of what a diamond of ``radius`` voxels fits into (a spider, prey, a wall), and one voxel around it."""
    if radius <= 0:
        return np.zeros(grid.filled.shape, bool)
    core = ndimage.binary_erosion(grid.filled, iterations=radius)
    if not core.any():
        return np.zeros(grid.filled.shape, bool)
    body: BoolArray = ndimage.binary_dilation(core, iterations=radius + 1)
    return body


def skeleton(grid: Grid) -> IntArray:
    """``(n, 3)`` voxels of the skeleton, by the thinning of T.-C. Lee et al., CVGIP 56 (1994), in scikit-image."""
    try:
        from skimage.morphology import skeletonize
    except ImportError:
        raise ValueError(
            "scans need scikit-image, which is not installed; pip install 'structgen-webs[scan]'"
        ) from None
    return np.argwhere(skeletonize(grid.filled, method="lee")).astype(np.int64)
