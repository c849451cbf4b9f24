"""Mesh movement: the nodes of a mesh moved to where a solution needs them, without inverting a cell.

>>> from simulate import move_mesh
>>> moved = move_mesh(points, cells, monitor)  # .points, .after.variation, .method
"""
