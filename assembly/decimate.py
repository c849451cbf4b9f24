"""Fewer faces for a picture: vertices in one cell of a grid become one (J. Rossignac and P. Borrel, 1993)."""

from __future__ import annotations

import numpy as np

from assembly.files.surface import Arrays
from structgen.web import FloatArray, IntArray

#: Cells grow by this factor until the faces are few enough.
GROWTH = 1.15


def clustered(vertices: FloatArray, faces: IntArray, most: int) -> Arrays:
    """At most ``most`` faces that look as ``faces (f, 3)`` do; the same mesh where it has no more.

    Good for the eye only: the result may be open or touch itself.
    """
    if len(faces) <= most:
        return Arrays(vertices, faces)
    low = vertices.min(axis=0)
    area = float(np.linalg.norm(np.cross(vertices[faces[:, 1]] - vertices[faces[:, 0]],
                                         vertices[faces[:, 2]] - vertices[faces[:, 0]]), axis=1).sum()) / 2  # fmt: skip
    # Two triangles a cell of the surface.
    cell = max(np.sqrt(2 * area / most), 1e-9 * float(np.ptp(vertices, axis=0).max() or 1.0))
    while True:
        places, label = np.unique(np.floor((vertices - low) / cell).astype(np.int64), axis=0, return_inverse=True)
        corners = label.reshape(-1)[faces]
        a, b, c = corners.T
        corners = corners[(a != b) & (b != c) & (c != a)]
        # Faces that fall together count once.
        first = np.unique(np.sort(corners, axis=1), axis=0, return_index=True)[1]
        corners = corners[np.sort(first)]
        if len(corners) <= most:
            break
        cell *= GROWTH
    weight = 1 / np.bincount(label.reshape(-1), minlength=len(places))
    sums = [np.bincount(label.reshape(-1), vertices[:, k], len(places)) for k in range(3)]
    means = np.stack(sums, axis=1) * weight[:, None]
    used, number = np.unique(corners, return_inverse=True)
    return Arrays(means[used], number.reshape(-1, 3).astype(np.int64))
