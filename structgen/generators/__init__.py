"""Generative models of webs; `load_model` gives one ready to sample."""

from structgen.generators.store import load_model, save_model

__all__ = ["load_model", "save_model"]
