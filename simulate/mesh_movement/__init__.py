"""Mesh movement: the nodes of a mesh moved to where a solution needs them, without inverting a cell.

>>> from simulate import move_mesh
>>> from simulate.mesh_movement import monitor
>>> moved = move_mesh(points, cells, monitor.hessian(points, cells, solution))
>>> moved.points, moved.after.variation, moved.method
"""
