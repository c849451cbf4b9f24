from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import save_file

from simulate.mesh_movement.um2n.store import load_network, save_network, weights_path
from structgen.files import sha256


def test_what_is_saved_is_loaded_and_saved_again_as_the_same_bytes(network, tmp_path):
    save_network(network, tmp_path / "a.safetensors")
    loaded = load_network(tmp_path / "a.safetensors")
    assert loaded.config == network.config
    save_network(loaded, tmp_path / "b.safetensors")
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()


def test_the_shipped_network_is_that_of_its_card():
    path = weights_path("um2n")
    card = json.loads(path.with_suffix(".json").read_text())
    assert card["sha256"] == sha256(path)
    assert card["parameters"] == sum(p.numel() for p in load_network().parameters())
    assert card["command"].startswith("structgen train mover") and card["steps_done"] == card["plan"]["steps"]
    assert path.stat().st_size < 10**6


def test_files_that_are_no_network(network, tmp_path):
    file = tmp_path / "x.safetensors"
    with pytest.raises(FileNotFoundError, match="no such file"):
        load_network(file)
    file.write_bytes(b"\x80\x04junk")
    with pytest.raises(ValueError, match="not a sound mover"):
        load_network(file)
    save_file({"a": torch.zeros(1)}, file, metadata={"structgen": json.dumps({"format": "other"})})
    with pytest.raises(ValueError, match="its header does not say structgen-mover 1"):
        load_network(file)
    header = {"format": "structgen-mover", "version": 1, "config": {"width": 512, "heads": 4}}
    save_file(dict(network.state_dict()), file, metadata={"structgen": json.dumps(header)})
    with pytest.raises(ValueError, match="not a sound mover"):
        load_network(file)
    broken = {k: torch.full_like(v, torch.nan) for k, v in network.state_dict().items()}
    header["config"] = {}
    save_file(broken, file, metadata={"structgen": json.dumps(header)})
    with pytest.raises(ValueError, match="is not of finite 32-bit numbers"):
        load_network(file)
