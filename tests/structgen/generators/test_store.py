from __future__ import annotations

import json
import pickle

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from structgen.files import sha256
from structgen.generators import load_model, save_model, store
from structgen.generators.analog import Analog
from structgen.generators.store import SHIPPED, rounded, shipped
from structgen.targets import DesignTargets


@pytest.fixture
def saved(tiny_model, tmp_path):
    path = tmp_path / "tiny.safetensors"
    save_model(tiny_model, path)
    return path


@pytest.fixture
def altered(saved, tiny_model):
    """Writes the model's file again with other tensors or another header; None leaves one out."""

    def write(header=None, config=None, **tensors):
        path = saved.with_name("altered.safetensors")
        said = {
            "format": "structgen-model", "version": 1, "model": "analog", "radius_ratio": 0.02,
            "config": tiny_model.config_dict() | (config or {}),
        }  # fmt: skip
        if not isinstance(header, str):
            header = json.dumps({k: v for k, v in (said | (header or {})).items() if v is not None})
        rows = load_file(saved) | {name.replace("__", "."): value for name, value in tensors.items()}
        rows = {name: value for name, value in rows.items() if value is not None}
        save_file(rows, path, metadata={"structgen": header})
        return path

    return write


# -- round trip ----------------------------------------------------------------------------------------------


def test_round_trip_keeps_weights_configuration_and_range(saved, tiny_model):
    back = load_model(saved)
    assert back.config == tiny_model.config
    assert back.range.radius_ratio == tiny_model.range.radius_ratio
    np.testing.assert_array_equal(back.range.rows, tiny_model.range.rows)
    assert list(back.state_dict()) == list(tiny_model.state_dict())
    for a, b in zip(back.parameters(), tiny_model.parameters(), strict=True):
        assert torch.equal(a, b)
    assert not back.training
    assert not any(value.requires_grad for value in back.parameters())
    target = DesignTargets(nodes=10)
    # Products of matrices round otherwise where gradients may be wanted.
    assert back.sample(target, seed=3) == tiny_model.eval().requires_grad_(False).sample(target, seed=3)


def test_same_model_same_bytes(saved, tiny_model, tmp_path):
    save_model(load_model(saved), tmp_path / "new" / "again.safetensors")
    assert (tmp_path / "new" / "again.safetensors").read_bytes() == saved.read_bytes()


def test_loaded_weights_are_a_copy_of_the_file(saved, tiny_model):
    back = load_model(saved)
    with torch.no_grad():
        for value in back.parameters():
            value.add_(1)
    assert all(torch.equal(a, b) for a, b in zip(load_model(saved).parameters(), tiny_model.parameters(), strict=True))


def test_a_rounded_model_takes_half_the_room_and_loses_nothing_more(saved, tiny_model, tmp_path):
    twin = load_model(saved)
    rounded(twin)
    for name, value in tiny_model.state_dict().items():
        torch.testing.assert_close(twin.state_dict()[name], value, rtol=6e-4, atol=1e-7)
    save_model(twin, tmp_path / "short.safetensors")
    kinds = {name: value.dtype for name, value in load_file(tmp_path / "short.safetensors").items()}
    matrices = {name for name, value in twin.named_parameters() if value.dim() > 1}
    assert matrices and all(kinds[name] == torch.float16 for name in matrices)
    back = load_model(tmp_path / "short.safetensors")
    assert all(torch.equal(a, b) for a, b in zip(back.parameters(), twin.parameters(), strict=True))
    assert all(value.dtype == torch.float32 for value in back.parameters())


def test_numbers_too_large_for_16_bits_are_kept(saved):
    twin = load_model(saved)
    first = next(value for value in twin.parameters() if value.dim() > 1)
    first[0, 0], first[0, 1] = 1e5, 1 / 3
    kept = first.clone()
    rounded(twin)
    assert torch.equal(first, kept)


# -- shipped models --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHIPPED)
def test_card_of_a_shipped_model_tells_of_its_weights(name):
    card = json.loads(shipped(name, ".json").read_text())
    model = load_model(name)
    assert card["sha256"] == sha256(shipped(name))
    assert card["model"] == name
    assert card["config"] == model.config_dict()
    assert card["parameters"] == sum(value.numel() for value in model.parameters())
    assert card["steps_done"] == card["plan"]["steps"] * card["plan"].get("rounds", 1)
    ranges = card["data"]["ranges"]
    assert ranges["nodes"]["min"] == model.range.rows[:, 4].min()
    assert ranges["nodes"]["max"] == model.range.rows[:, 4].max()


# -- files that are no sound model -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"header": {"format": "other"}}, ("does not say structgen-model 1",)),
        ({"header": {"version": 2}}, ("does not say structgen-model 1",)),
        ({"header": {"model": "pickle"}}, ("model is 'pickle', must be one of analog",)),
        ({"header": {"config": None}}, ("config",)),
        ({"header": {"config": [1, 2]}}, ("not a sound structgen model",)),
        ({"header": {"config": "width"}}, ("not a sound structgen model",)),
        ({"header": "[]"}, ("does not say",)),
        ({"header": "5"}, ("does not say",)),
        ({"header": "{"}, ("not a sound structgen model",)),
        ({"header": "[" * 100000}, ("not a sound structgen model",)),
        ({"config": {"depth": 3}}, ("depth",)),
        ({"config": {"width": 2**20}}, ("width is 1048576", "2 to 1024")),
        ({"config": {"width": -16}}, ("width is -16",)),
        ({"config": {"width": 15}}, ("width is 15", "even")),
        ({"config": {"width": 16.0}}, ("width is 16.0", "whole number")),
        ({"config": {"width": "16"}}, ("width is '16'",)),
        ({"config": {"width": True}}, ("width is True",)),
        ({"config": {"heads": 3}}, ("width is 16", "multiple of heads")),
        ({"config": {"layers": 10**9}}, ("layers is 1000000000", "1 to 64")),
        ({"config": {"candidates": 0}}, ("candidates is 0",)),
        ({"config": {"max_degree": 0}}, ("max_degree is 0",)),
        ({"config": {"drop_condition": "0.1"}}, ("drop_condition is '0.1'",)),
        ({"config": {"drop_condition": 2}}, ("drop_condition is 2",)),
        # As large as allowed, and not what the tensors are: refused without taking the memory.
        ({"config": {"width": 1024, "edge_width": 1024, "layers": 64}}, ("not a sound structgen model",)),
        ({"header": {"radius_ratio": 0.0}}, ("range is malformed",)),
        ({"header": {"radius_ratio": "thin"}}, ("range is malformed",)),
        ({"header": {"radius_ratio": float("nan")}}, ("range is malformed",)),
        ({"header": {"radius_ratio": None}}, ("radius_ratio",)),
        ({"range__rows": None}, ("range.rows",)),
        ({"range__rows": torch.ones(7)}, ("range is malformed",)),
        ({"range__rows": torch.ones(3, 6)}, ("range is malformed",)),
        ({"range__rows": torch.ones(0, 7)}, ("range is malformed",)),
        ({"range__rows": torch.full((3, 7), torch.nan)}, ("not finite",)),
        ({"range__rows": torch.zeros(3, 7)}, ("not positive",)),
        ({"net__node_in__weight": torch.full((16, 10), torch.nan)}, ("net.node_in.weight", "finite")),
        ({"net__node_in__weight": torch.full((16, 10), torch.inf)}, ("net.node_in.weight", "finite")),
        ({"net__node_in__weight": torch.ones(16, 10, dtype=torch.float64)}, ("net.node_in.weight", "type float32")),
        ({"net__node_in__weight": torch.ones(16, 8)}, ("node_in.weight",)),
        ({"net__node_in__weight": None}, ("node_in.weight",)),
        ({"net__extra": torch.ones(1)}, ("net.extra",)),
    ],
)
def test_altered_files_are_refused(refused, altered, changes, words):
    path = altered(**changes)
    with refused(f"{path}: not a sound structgen model", *words):
        load_model(path)


@pytest.mark.parametrize(
    ("part", "name", "kept"),
    [("styles", "traits", "uint8"), ("styles", "features", "float16"), ("finish", "gauges", "float32")],
)
def test_numbers_of_another_type_than_the_model_has_are_refused(refused, tmp_path, part, name, kept):
    """Styles are kept in 8 bits, what webs with like targets are found by in 16."""
    model = load_model("autoregressive")
    own = getattr(model, part).get_buffer(name)
    assert own.dtype == getattr(torch, kept)
    getattr(model, part).register_buffer(name, own.double())
    save_model(model, tmp_path / "other.safetensors")
    with refused(f"{part}.{name}", f"type {kept}"):
        load_model(tmp_path / "other.safetensors")


class Bomb:
    """Unpickling this makes a file: a reader that runs what it reads is caught at it."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_a_pickle_is_refused_without_running_it(refused, tmp_path):
    path, proof = tmp_path / "evil.safetensors", tmp_path / "ran"
    path.write_bytes(pickle.dumps(Bomb(proof)))
    with refused("not a sound structgen model"):
        load_model(path)
    torch.save({"model": Bomb(proof)}, path)
    with refused("not a sound structgen model"):
        load_model(path)
    assert not proof.exists()


def test_files_cut_short_or_damaged_in_the_header_are_refused(refused, saved, tmp_path):
    content = saved.read_bytes()
    path = tmp_path / "damaged.safetensors"
    for length in (0, 4, 8, 100, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:length])
        with refused("not a sound structgen model"):
            load_model(path)
    rng = np.random.default_rng(0)
    messages = []
    for at in rng.integers(0, 2000, 150).tolist():
        damaged = bytearray(content)
        damaged[at] ^= int(rng.integers(1, 256))
        path.write_bytes(damaged)
        try:
            assert isinstance(load_model(path), Analog)
        except ValueError as error:
            messages.append(str(error))
    assert len(messages) > 100
    assert not any("\n" in message for message in messages)


def test_large_files_are_refused_unread(refused, saved, monkeypatch):
    monkeypatch.setattr(store, "MAX_BYTES", 1000)
    with refused("larger than 0 MiB"):
        load_model(saved)


def test_missing_files_are_named_with_the_shipped_models(tmp_path):
    for name in ("no-such-model", tmp_path / "none.safetensors", tmp_path):
        with pytest.raises(FileNotFoundError, match="no such file, and shipped models are analog"):
            load_model(name)
