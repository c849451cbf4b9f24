"""Linear systems with sparse symmetric positive-definite matrices."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
from scipy.sparse import csc_array, csr_array
from scipy.sparse.linalg import cg, splu

from simulate.mesh_movement.checks import FloatArray, IntArray

#: Unknowns up to which a sparse factorisation is the fastest, by dimension; measured by benchmarks/mesh_movement.py.
DIRECT = {2: 100_000, 3: 6_000}


def solved(matrix: Any, load: FloatArray, dim: int, tolerance: float = 1e-8) -> FloatArray:
    """``(n,)`` solution of ``matrix`` x = ``load``.

    By a sparse factorisation up to `DIRECT` unknowns; above by conjugate gradients to the relative ``tolerance``,
    preconditioned by algebraic multigrid where pyamg is installed (``pip install 'structgen-webs[solvers]'``), else by
    the diagonal.
    """
    n = matrix.shape[0]
    if n == 0:
        return np.zeros(0)
    if n <= DIRECT[dim]:
        factor = splu(csc_array(matrix), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
        direct: FloatArray = factor.solve(load)
        return direct
    rows = csr_array(matrix)
    found, _ = cg(rows, load, rtol=tolerance, maxiter=2000, M=_preconditioner(rows))
    result: FloatArray = found
    return result


def _preconditioner(matrix: Any) -> Any:
    if importlib.util.find_spec("pyamg") is not None:
        import pyamg
        from scipy.sparse import csr_matrix

        # pyamg's relaxation seeds its estimate of the spectral radius from NumPy's global state.
        state = np.random.get_state()  # noqa: NPY002
        np.random.seed(0)  # noqa: NPY002
        try:
            hierarchy = pyamg.smoothed_aggregation_solver(csr_matrix(matrix), max_coarse=200)
        finally:
            np.random.set_state(state)  # noqa: NPY002
        return hierarchy.aspreconditioner()
    from scipy.sparse import diags_array

    return diags_array(1 / matrix.diagonal())


def grounded(matrix: Any, load: FloatArray, free: IntArray, dim: int, tolerance: float = 1e-8) -> FloatArray:
    """``(n,)`` solution that is zero but at the nodes ``free (k,)``."""
    result = np.zeros(len(load))
    result[free] = solved(matrix[free][:, free], load[free], dim, tolerance)
    return result
