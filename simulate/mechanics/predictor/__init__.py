"""Stiffness, strength and toughness of webs by a graph network trained on simulated tension tests."""
