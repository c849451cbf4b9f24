"""Mechanics of webs: form finding."""
