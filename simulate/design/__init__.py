"""Inverse design: which targets give webs that are strong, stiff, tough, light."""
