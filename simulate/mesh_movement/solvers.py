"""Linear systems with sparse symmetric positive-definite matrices."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse import csc_array, csr_array
from scipy.sparse.linalg import cg, splu

from simulate.mesh_movement.checks import FloatArray

#: Unknowns up to which a sparse factorisation is the fastest, by dimension; measured by benchmarks/mesh_movement.py.
DIRECT = {2: 100_000, 3: 6_000}


Solver = Callable[[FloatArray], FloatArray]


def prepared(matrix: Any, dim: int, tolerance: float = 1e-8) -> Solver:
    """A function that gives the solution ``(n,)`` of ``matrix`` x = load for loads ``(n,)``.

    By a sparse factorisation up to `DIRECT` unknowns; above by conjugate gradients to the relative ``tolerance``,
    preconditioned by algebraic multigrid where pyamg is installed (``pip install 'structgen-webs[solvers]'``), else by
    the diagonal.
    """
    n = matrix.shape[0]
    if n == 0:
        return lambda load: np.zeros(0)
    if n <= DIRECT[dim]:
        factor = splu(csc_array(matrix), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
        return lambda load: np.asarray(factor.solve(load))
    rows = csr_array(matrix)
    preconditioner = _preconditioner(rows)
    return lambda load: np.asarray(cg(rows, load, rtol=tolerance, maxiter=2000, M=preconditioner)[0])


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
