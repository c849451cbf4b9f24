"""Frames: networks of beams whose joints are rigid, at large displacements and rotations."""
