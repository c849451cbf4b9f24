"""Planar orb webs, built as an orb weaver builds them."""

from structgen.sources.orb.build import orb

__all__ = ["orb"]
