"""-laplacian(u) + u = f on the unit square, u a narrow Gaussian: the demo of ``movement``, whose error is known.

https://github.com/mesh-adaptation/movement, demos/monge_ampere_helmholtz.py: the L2 error is 0.010233817 on the uniform
mesh of 20 x 20 squares, 0.005955820 on the mesh moved by its quasi-Newton Monge-Ampere mover in 17 iterations.
"""

from __future__ import annotations

import numpy as np

from simulate.mesh_movement.checks import FloatArray, IntArray
from simulate.mesh_movement.problems.domains import Arrays, block, oriented

CENTRE, WIDTH = (0.51, 0.65), 0.1
#: Greatest |H|_F, at the centre.
HIGHEST = 2 * np.sqrt(2) / WIDTH**2
#: Strength of the demo's monitor, and degree up to which quadrature is exact.
STRENGTH, DEGREE = 5.0, 8


def mesh() -> Arrays:
    """The demo's mesh: 20 x 20 squares halved by falling diagonals."""
    points, cells = block(2, 20)
    points = points * (-1, 1) + (1, 0)
    return points, oriented(points, cells)


def solution(points: FloatArray) -> FloatArray:
    """``(p,)`` u = exp(-|x - centre|^2 / width^2) at ``points (p, 2)``."""
    u: FloatArray = np.exp(-((points - np.array(CENTRE)) ** 2).sum(axis=-1) / WIDTH**2)
    return u


def source(points: FloatArray) -> FloatArray:
    """``(p,)`` f = -laplacian(u) + u."""
    squared = ((points - np.array(CENTRE)) ** 2).sum(axis=-1)
    f: FloatArray = (-4 * squared / WIDTH**4 + 4 / WIDTH**2 + 1) * solution(points)
    return f


def monitor(points: FloatArray, highest: float | None = None) -> FloatArray:
    """``(p,)`` 1 + strength |H|_F / max |H|_F, H the Hessian of u, the maximum over ``points``: the demo's monitor.

    With ``highest`` as the maximum the value at a point does not depend on the others, which the gradient of the
    variational mover's functional needs.
    """
    x, y = (points - np.array(CENTRE)).T / WIDTH**2
    level = 2 / WIDTH**2
    norm = solution(points) * np.sqrt((4 * x * x - level) ** 2 + (4 * y * y - level) ** 2 + 2 * (4 * x * y) ** 2)
    values: FloatArray = 1 + STRENGTH * norm / (norm.max() if highest is None else highest)
    return values


def solve(points: FloatArray, cells: IntArray) -> FloatArray:
    """``(n,)`` nodal values of the solution with linear elements, u given on the boundary."""
    import skfem
    from skfem.helpers import dot, grad

    basis = skfem.CellBasis(_mesh(points, cells), skfem.ElementTriP1(), intorder=DEGREE)

    @skfem.BilinearForm
    def operator(u, v, _):  # type: ignore[no-untyped-def]
        return dot(grad(u), grad(v)) + u * v

    @skfem.LinearForm
    def load(v, w):  # type: ignore[no-untyped-def]
        return source(np.moveaxis(w.x, 0, -1)) * v

    boundary = basis.mesh.boundary_nodes()
    given = np.where(np.isin(np.arange(len(points)), boundary), solution(points), 0.0)
    system = skfem.condense(operator.assemble(basis), load.assemble(basis), x=given, D=boundary)
    return np.asarray(skfem.solve(*system), dtype=float)


def error(points: FloatArray, cells: IntArray) -> float:
    """L2 norm of the difference of `solve` and `solution`."""
    import skfem

    basis = skfem.CellBasis(_mesh(points, cells), skfem.ElementTriP1(), intorder=DEGREE)

    @skfem.Functional
    def squared(w):  # type: ignore[no-untyped-def]
        return (w["found"] - solution(np.moveaxis(w.x, 0, -1))) ** 2

    return float(np.sqrt(squared.assemble(basis, found=basis.interpolate(solve(points, cells)))))


def _mesh(points: FloatArray, cells: IntArray):  # type: ignore[no-untyped-def]
    import skfem

    return skfem.MeshTri(np.ascontiguousarray(points.T), np.ascontiguousarray(cells.T))
