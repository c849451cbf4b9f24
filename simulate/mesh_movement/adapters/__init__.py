"""Meshes of solvers moved: scikit-fem, NGSolve, FiPy, dolfinx, and meshio's meshes of files.

>>> from simulate import move_solver_mesh
>>> from simulate.mesh_movement import monitor
>>> mesh, moved = move_solver_mesh(mesh, monitor.hessian, of=solution)

An adapter is whatever has the functions of `simulate.mesh_movement.adapters.finding.Adapter`: a module, as here, or an
object. A package adds its own by an entry point of the group ``structgen.adapters``, in its pyproject.toml:

    [project.entry-points."structgen.adapters"]
    my-solver = "my_package.structgen_adapter"
"""
