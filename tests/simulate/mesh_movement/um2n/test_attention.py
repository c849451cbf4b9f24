from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from simulate.mesh_movement.um2n.attention import ATTENTIONS

KINDS = pytest.mark.parametrize("kind", ATTENTIONS)


def made(kind):
    torch.manual_seed(0)
    return ATTENTIONS[kind](16, 4).requires_grad_(False)


@KINDS
def test_a_node_split_in_two_halves_changes_nothing(kind):
    attention, h = made(kind), torch.randn(30, 16)
    volumes = torch.rand(30)
    volumes /= volumes.sum()
    halves = torch.cat([volumes[:1] / 2, volumes[1:], volumes[:1] / 2])
    split = attention(torch.cat([h, h[:1]]), halves)
    torch.testing.assert_close(split[:30], attention(h, volumes), rtol=1e-4, atol=1e-5)


@KINDS
def test_the_order_of_nodes_does_not_matter(kind):
    attention, h, volumes = made(kind), torch.randn(30, 16), torch.full((30,), 1 / 30)
    order = torch.randperm(30)
    torch.testing.assert_close(attention(h[order], volumes), attention(h, volumes)[order], rtol=1e-4, atol=1e-5)


@KINDS
def test_every_node_hears_every_other(kind):
    attention, volumes = made(kind), torch.full((30,), 1 / 30)
    h = torch.randn(30, 16, requires_grad=True)
    attention(h, volumes)[3].sum().backward()
    assert (h.grad.abs().sum(dim=1) > 0).all()


@KINDS
def test_without_a_gradient_it_is_the_same(kind):
    attention, h, volumes = made(kind), torch.randn(300, 16), torch.full((300,), 1 / 300)
    with torch.inference_mode():
        found = attention(h, volumes)
    torch.testing.assert_close(found, attention(h, volumes), rtol=1e-5, atol=1e-6)


def test_performer_comes_near_full_attention():
    full, performer = made("full"), ATTENTIONS["performer"](16, 4, features=4096).requires_grad_(False)
    performer.load_state_dict(full.state_dict() | {"features": performer.features})
    h, volumes = 0.5 * torch.randn(50, 16), torch.full((50,), 1 / 50)
    torch.testing.assert_close(performer(h, volumes), full(h, volumes), atol=0.03, rtol=0.1)


def test_torch_works_where_ngsolve_was_imported_first():
    pytest.importorskip("ngsolve")
    # NGSolve's OpenBLAS crashes torch's batched products; in a process of its own, for this one has torch already.
    code = """
import ngsolve, torch
from simulate.mesh_movement.um2n.attention import ATTENTIONS
for kind in ATTENTIONS.values():
    h = torch.randn(400, 32, requires_grad=True)
    kind(32, 4)(h, torch.full((400,), 1 / 400)).sum().backward()
print("well")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "well\n", done.stderr
