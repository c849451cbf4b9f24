from __future__ import annotations

import json

import meshio
import pytest

from simulate import training
from simulate.mesh_movement.problems.domains import block
from simulate.mesh_movement.um2n import network


@pytest.fixture(autouse=True)
def little(monkeypatch, quick_mover_training):
    """A small network."""
    whole = network.NetworkConfig
    monkeypatch.setattr(
        network, "NetworkConfig", lambda **sizes: whole(width=8, heads=2, blocks=1, stages=1, sweeps=1, slim=4, **sizes)
    )


def test_a_trained_network_moves_a_mesh(structgen, here):
    result = structgen("train", "mover", "--steps", 2, "--batch", 2, "--attention", "virtual-node", "--seed", 5)
    assert sorted(path.name for path in (here / "run").iterdir()) == training_files()
    card = json.loads((here / "run/card.json").read_text())
    assert card["command"] == (
        "structgen train mover --steps 2 --batch 2 --learning-rate 0.002 --warmup 100 --ema 0.998 "
        "--loss equidistribution --attention virtual-node --seed 5"
    )
    assert result.stdout == "run/weights.safetensors: use it with --network run/weights.safetensors\n"
    assert "step 2/2 (100 %)" in result.stderr
    points, cells = block(2, 6)
    meshio.Mesh(points, [("triangle", cells)]).write("in.vtu")
    structgen(
        "mesh", "move", "in.vtu", "--monitor", "1 + 5*exp(-20*(x - 0.5)**2)", "-o", "out.vtu", "--method", "um2n",
        "--network", "run/weights.safetensors",
    )  # fmt: skip
    assert (here / "out.vtu").is_file()


def training_files():
    return [training.CARD, training.CHECKPOINT, training.LOG, training.WEIGHTS]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--loss", "best"), "loss is 'best', must be one of equidistribution, targets, paper"),
        (("--attention", "x"), "attention is 'x', must be one of full, slices, performer, virtual-node"),
        (("--steps", 0), "steps is 0, must be a whole number in 1 to 100000000"),
        (("--resume",), "no checkpoint to resume from"),
    ],
)
def test_wrong_input_is_one_line(fails, words, message):
    fails("train", "mover", *words, says=[message])
