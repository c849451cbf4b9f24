"""Weights of the network that moves meshes."""

from __future__ import annotations

from pathlib import Path

from simulate import networks
from simulate.mesh_movement.um2n.network import UM2N, NetworkConfig

FORMAT = "structgen-mover"
#: Name of the shipped network.
SHIPPED = "um2n"


def weights_path(name: str | Path = SHIPPED) -> Path:
    """Where the weights of the shipped network, or of a file, lie."""
    return networks.weights_path(name, SHIPPED)


def save_network(network: UM2N, path: str | Path) -> None:
    """Write weights and configuration to ``path`` (.safetensors)."""
    networks.save_weights(network, network.config, FORMAT, path)


def load_network(name: str | Path = SHIPPED) -> UM2N:
    """The shipped network by name, or one from a ``.safetensors`` file by path, ready to move meshes.

    Raises `FileNotFoundError`, or `ValueError` (one line) for a file that is not a sound network of a mover.
    """
    return networks.load_weights(
        weights_path(name), FORMAT, "mover", lambda sizes: UM2N(NetworkConfig(**sizes)), SHIPPED
    )
