"""How much it takes to move the nodes of a web: little together, more if threads are stretched, most if they are bent.

Where a drawn web has to change, to fill its box or for the length of its edges, the change is spread over its threads,
which stay as straight as they are, rather than left to the nodes at hand (as-rigid-as-possible deformation: O. Sorkine,
M. Alexa, 2007, in its linear form).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from structgen.generators.taut import off_chords, throughs

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: Of threads through junctions against bending, of edges against stretching, and of nodes against leaving their places.
BENDING, STRETCHING, TETHER = 100.0, 1.0, 0.05
#: Shorter edges, in mean edge lengths, are no stiffer than such.
SHORT = 0.1


def stiffness(pos: FloatArray, edges: IntArray) -> FloatArray:
    """``(n, n)`` positive definite: u' K u is what it takes to move nodes at ``pos (n, 3)`` by ``u`` along an axis."""
    i, j = edges.T
    length = np.linalg.norm(pos[i] - pos[j], axis=1)
    mean = max(float(length.mean()), np.finfo(float).tiny)
    weight = np.square(1 / np.maximum(length / mean, SHORT))
    stretched = np.zeros((len(pos), len(pos)))
    np.add.at(stretched, (i, i), weight)
    np.add.at(stretched, (j, j), weight)
    np.add.at(stretched, (i, j), -weight)
    np.add.at(stretched, (j, i), -weight)
    matrix: FloatArray = STRETCHING * stretched + TETHER * np.eye(len(pos))
    before, at, after, _ = throughs((pos, edges))
    if len(at):
        bent = off_chords(pos, before, at, after)
        matrix += BENDING * bent.T @ bent
    return matrix
