"""Linear systems with sparse symmetric positive-definite matrices."""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse import csc_array, csr_array, dia_array
from scipy.sparse.linalg import cg, splu

from simulate.mesh_movement.checks import FloatArray

#: Unknowns up to which a sparse factorisation is the fastest, by dimension, where pyamg is installed and where not.
#: Measured by benchmarks/mesh_movement.py: at 40,000 unknowns in 2D 0.43 s, multigrid 0.2 s, diagonal scaling 0.6 s; at
#: 20,000 in 3D 2.5, 0.1 and 0.1 s.
DIRECT_WITH_PYAMG = {2: 15_000, 3: 3_000}
DIRECT = {2: 150_000, 3: 3_000}
#: The name of the relative tolerance: another before scipy 1.12, as Debian 12 has beside dolfinx.
RELATIVE = "rtol" if "rtol" in inspect.signature(cg).parameters else "tol"

Solver = Callable[[FloatArray], FloatArray]


def prepared(matrix: Any, dim: int, tolerance: float = 1e-8) -> Solver:
    """A function that gives the solution ``(n,)`` of ``matrix`` x = load for loads ``(n,)``.

    By a sparse factorisation of small matrices; of others by conjugate gradients to the relative ``tolerance``,
    preconditioned by algebraic multigrid where pyamg is installed (``pip install 'structgen-webs[solvers]'``), else by
    the diagonal.
    """
    n = matrix.shape[0]
    if n == 0:
        return lambda load: np.zeros(0)
    if n <= (DIRECT_WITH_PYAMG if has_pyamg() else DIRECT)[dim]:
        factor = splu(csc_array(matrix), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
        return lambda load: np.asarray(factor.solve(load))
    rows = csr_array(matrix)
    preconditioner = _preconditioner(rows)
    options = {RELATIVE: tolerance, "atol": 0.0, "maxiter": 2000, "M": preconditioner}
    return lambda load: np.asarray(cg(rows, load, **options)[0])


def has_pyamg() -> bool:
    """Whether algebraic multigrid is at hand."""
    return importlib.util.find_spec("pyamg") is not None


def _preconditioner(matrix: Any) -> Any:
    if has_pyamg():
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
    return dia_array((1 / matrix.diagonal()[None], [0]), shape=matrix.shape)
