from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import save_file

from simulate.mechanics.predictor.network import Predictor, PredictorConfig
from simulate.mechanics.predictor.store import load_predictor, save_predictor, weights_path
from structgen.files import sha256


@pytest.fixture
def network():
    return Predictor(PredictorConfig(width=8, layers=1))


def test_what_is_saved_is_loaded_and_saved_again_as_the_same_bytes(network, tmp_path):
    save_predictor(network, tmp_path / "a.safetensors")
    loaded = load_predictor(tmp_path / "a.safetensors")
    assert loaded.config == network.config
    save_predictor(loaded, tmp_path / "b.safetensors")
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()


def test_the_shipped_network_is_that_of_its_card():
    path = weights_path()
    card = json.loads(path.with_suffix(".json").read_text())
    assert card["sha256"] == sha256(path)
    assert card["parameters"] == sum(p.numel() for p in load_predictor().parameters())
    assert card["command"].startswith("structgen train predictor") and card["steps_done"] == card["plan"]["steps"]
    assert path.stat().st_size <= 300_000


def test_files_that_are_no_network(network, tmp_path):
    file = tmp_path / "x.safetensors"
    with pytest.raises(FileNotFoundError, match="no such file"):
        load_predictor(file)
    file.write_bytes(b"\x80\x04junk")
    with pytest.raises(ValueError, match="not a sound predictor"):
        load_predictor(file)
    save_file({"a": torch.zeros(1)}, file, metadata={"structgen": json.dumps({"format": "other"})})
    with pytest.raises(ValueError, match="its header does not say structgen-predictor 1"):
        load_predictor(file)
    header = {"format": "structgen-predictor", "version": 1, "config": {"width": 512}}
    save_file(dict(network.state_dict()), file, metadata={"structgen": json.dumps(header)})
    with pytest.raises(ValueError, match="not a sound predictor"):
        load_predictor(file)
    header["config"] = {"width": 8, "layers": 1}
    broken = {k: torch.full_like(v, torch.nan) for k, v in network.state_dict().items()}
    save_file(broken, file, metadata={"structgen": json.dumps(header)})
    with pytest.raises(ValueError, match="is not of finite 32-bit numbers"):
        load_predictor(file)
