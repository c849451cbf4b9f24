"""What the problems share of scikit-fem: its meshes from arrays, linear elements, norms of errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from simulate.mesh_movement.checks import FloatArray, IntArray
from simulate.mesh_movement.meshes import basis_gradients

#: Degree up to which the quadrature of norms is exact.
NORM_DEGREE = 8
#: A function of points ``(p, d)``.
Exact = Callable[[FloatArray], FloatArray]


def scikit_fem() -> Any:
    """The module ``skfem``; `ValueError` that names the extra if it is not installed."""
    try:
        import skfem
    except ImportError:
        raise ValueError(
            "the problems need scikit-fem, which is not installed: pip install 'structgen-webs[solvers]'"
        ) from None
    return skfem


def fem_mesh(points: FloatArray, cells: IntArray) -> Any:
    """The mesh of scikit-fem of triangles ``cells (c, 3)``, its corners numbered as they are."""
    return scikit_fem().MeshTri(np.ascontiguousarray(points.T), np.ascontiguousarray(cells.T))


def linear_basis(points: FloatArray, cells: IntArray, degree: int) -> Any:
    """Basis of linear elements with quadrature exact up to ``degree``."""
    skfem = scikit_fem()
    return skfem.CellBasis(fem_mesh(points, cells), skfem.ElementTriP1(), intorder=degree)


def places(form: Any) -> FloatArray:
    """Points of quadrature ``(..., 2)`` of a form's parameters."""
    return np.moveaxis(np.asarray(form.x), 0, -1)


def solved_with(matrix: Any, load: FloatArray, given: FloatArray, held: IntArray) -> FloatArray:
    """``(n,)`` or ``(n, k)`` solution of ``matrix`` x = ``load`` with the values of ``given`` at the nodes ``held``."""
    from scipy.sparse import csc_array
    from scipy.sparse.linalg import splu

    free = np.setdiff1d(np.arange(len(load)), held)
    result = np.zeros_like(load)
    result[held] = given[held]
    matrix = csc_array(matrix)
    rest = (load - matrix @ result)[free]
    result[free] = splu(matrix[free][:, free]).solve(rest)
    return result


def l2_error(points: FloatArray, cells: IntArray, values: FloatArray, exact: Exact) -> float:
    """L2 norm of the difference of the linear function of nodal ``values (n,)`` and ``exact``."""
    basis = linear_basis(points, cells, NORM_DEGREE)

    @scikit_fem().Functional
    def squared(w):  # type: ignore[no-untyped-def]
        return (w["found"] - exact(places(w))) ** 2

    return float(np.sqrt(squared.assemble(basis, found=basis.interpolate(values))))


def upwind_time(
    points: FloatArray, cells: IntArray, velocity: FloatArray, step: float, viscosity: float = 0.0
) -> FloatArray:
    """``(c, q)`` the time tau of streamline-upwind Petrov-Galerkin for ``velocity (2, c, q)`` at points of quadrature.

    tau^-2 = (2 / step)^2 + (2 |a| / h)^2 + 9 (4 viscosity / h^2)^2 with the length h of the cell along the flow,
    2 |a| / h = sum over corners of |a . grad psi_i|: T. E. Tezduyar and Y. Osawa, Comput. Methods Appl. Mech. Eng. 190
    (2000) 411; F. Shakib et al., ibid. 89 (1991) 141.
    """
    gradients = basis_gradients(points, cells)
    rate = np.abs(np.einsum("dcq,cid->cqi", velocity, gradients)).sum(axis=2)
    speed = np.maximum((velocity**2).sum(axis=0), np.finfo(float).tiny)
    tau: FloatArray = 1 / np.sqrt((2 / step) ** 2 + rate**2 + 9 * (viscosity * rate**2 / speed) ** 2)
    return tau
