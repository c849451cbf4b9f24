"""Weights of the predictor."""

from __future__ import annotations

from pathlib import Path

from simulate import networks
from simulate.mechanics.predictor.network import Predictor, PredictorConfig

FORMAT = "structgen-predictor"
#: Name of the shipped network.
SHIPPED = "predictor"


def weights_path(name: str | Path = SHIPPED) -> Path:
    """Where the weights of the shipped network, or of a file, lie."""
    return networks.weights_path(name, SHIPPED)


def save_predictor(network: Predictor, path: str | Path) -> None:
    """Write weights and configuration to ``path`` (.safetensors)."""
    networks.save_weights(network, network.config, FORMAT, path)


def load_predictor(name: str | Path = SHIPPED) -> Predictor:
    """The shipped network by name, or one from a ``.safetensors`` file by path.

    Raises `FileNotFoundError`, or `ValueError` (one line) for a file that is not a sound predictor.
    """
    return networks.load_weights(
        weights_path(name), FORMAT, "predictor", lambda sizes: Predictor(PredictorConfig(**sizes)), SHIPPED
    )
