"""Mechanics of webs: form finding, laws of silk, nets of threads pulled until they break.

>>> from simulate import tension
>>> result = tension(web, law="dragline", axis="x", to_strain=1.2)
>>> result.stiffness, result.strength, result.toughness, result.balance
"""
