"""UM2N: a graph network that moves a mesh in one pass, after M. Zhang et al., NeurIPS 2024, with its weaknesses mended.

A graph-transformer encoder with a global attention of linear cost reads invariants of the monitor; a displacement head
combines vector fields of the whole domain, which do not depend on the resolution; a graph-attention decoder moves nodes
among their neighbours by what load their cells then bear. All of it is exactly zero for a constant monitor.
"""
