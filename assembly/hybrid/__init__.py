"""Struts to one closed mesh: direct where there is room, exact unions where struts collide."""
