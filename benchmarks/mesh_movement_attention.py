"""The encoder's global attention: each kind trained for the same steps from the same seed, and what it then does.

Also "none of the network": the relaxed Monge-Ampere displacement it begins with, so that what it learns can be seen.
"""

from __future__ import annotations

import tempfile
import time
from typing import Any

import numpy as np
import torch
from common import parser, save, table

from simulate.mesh_movement.boundary import find_boundary
from simulate.mesh_movement.meshes import SimplexMesh
from simulate.mesh_movement.monitor import ring
from simulate.mesh_movement.problems import domains
from simulate.mesh_movement.um2n.attention import ATTENTIONS
from simulate.mesh_movement.um2n.network import UM2N, NetworkConfig
from simulate.mesh_movement.um2n.prepared import Case, Prepared
from simulate.mesh_movement.um2n.store import load_network
from simulate.mesh_movement.um2n.training import MoverPlan, kept_cases, train_mover, validated

#: Held-out cases: the seed is one no training here uses.
CASES, SEED = 128, 77


def seconds(network: UM2N, case: Case) -> float:
    """Best of five passes."""
    runs = []
    with torch.inference_mode():
        for _ in range(5):
            began = time.perf_counter()
            network(case)
            runs.append(time.perf_counter() - began)
    return min(runs)


def main() -> None:
    """Train, measure, print, write."""
    options = parser(__doc__)
    options.add_argument("--steps", type=int, default=1000, help="training steps of each kind")
    given = options.parse_args()
    torch.set_num_threads(1)
    mesh = SimplexMesh(*domains.block(2, 141))
    ready = Prepared(mesh, find_boundary(mesh, np.zeros(mesh.n, dtype=bool)))
    large = Case.of(ready, ring((0.5, 0.5), np.sqrt(0.15), strength=10, width=200))
    cases = kept_cases(CASES, SEED)
    start = UM2N()
    with torch.no_grad():
        for name, parameter in start.named_parameters():
            if name.startswith("sweeps") and name.endswith("enter.bias"):
                parameter[-1] = 50.0  # all stay where they are
    networks = {"start": start.requires_grad_(False), "shipped": load_network()}
    for kind in ATTENTIONS:
        with tempfile.TemporaryDirectory() as folder:
            networks[kind] = train_mover(
                folder, MoverPlan(steps=given.steps), config=NetworkConfig(attention=kind), validate_every=10**9
            )
    rows: list[list[object]] = [
        ["attention", "loss", "variation left", "worst tenth", "limited", "better", "parameters", "s at 20,164 nodes"]
    ]
    found: dict[str, Any] = {"steps": given.steps, "cases": CASES}
    for name, network in networks.items():
        facts = validated(network, cases) | {
            "parameters": sum(p.numel() for p in network.parameters()), "seconds": seconds(network, large),
        }  # fmt: skip
        found[name] = facts
        rows.append([name, *facts.values()])
    print(f"\n{CASES} held-out cases; kinds of attention after {given.steps} steps\n" + table(rows))
    save("mesh_movement_attention", found, given.output)


if __name__ == "__main__":
    main()
