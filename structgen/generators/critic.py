"""Which of several drawn webs is most like a real one: a small network that has learned to tell them apart.

The log-odds of such a classifier are the logarithm of the ratio of the densities of real and drawn webs, for which
drawn ones can be chosen: S. Azadi et al., Discriminator rejection sampling (ICLR 2019).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from structgen.generators.traits import TRAITS
from structgen.seeds import generator

FloatArray = npt.NDArray[np.float64]

#: Width of its layers, share of their numbers left out in training, steps, webs of either sort in a step, and how fast.
WIDTH, DROPOUT, STEPS, BATCH, RATE, DECAY = 128, 0.2, 1200, 256, 2e-3, 1e-2
#: Traits further from the mean than so many standard deviations count as so far.
FURTHEST = 6.0


class Critic(nn.Module):
    """Log-odds ``(k,)`` that webs of some `traits` ``(k, TRAITS)`` are real; 0 for all until `learn`."""

    mean: Tensor
    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(TRAITS))
        self.register_buffer("scale", torch.ones(TRAITS))
        last = nn.Linear(WIDTH, 1)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.layers = nn.Sequential(
            nn.Dropout(DROPOUT / 2), nn.Linear(TRAITS, WIDTH), nn.SiLU(), nn.Dropout(DROPOUT), nn.Linear(WIDTH, WIDTH),
            nn.SiLU(), nn.Dropout(DROPOUT), last,
        )  # fmt: skip
        # No part of what the generator learns.
        self.requires_grad_(False)

    def forward(self, traits: Tensor) -> Tensor:
        odds: Tensor = self.layers(((traits - self.mean) / self.scale).clamp(-FURTHEST, FURTHEST))[:, 0]
        return odds

    @torch.no_grad()
    def judged(self, traits: FloatArray) -> FloatArray:
        """`forward`, of NumPy arrays."""
        odds: FloatArray = self(torch.from_numpy(traits).float()).double().numpy()
        return odds

    def learn(self, real: FloatArray, drawn: FloatArray, seed: int) -> None:
        """Learn to tell ``real (k, TRAITS)`` from ``drawn (l, TRAITS)`` by logistic regression."""
        both = np.concatenate([real, drawn])
        self.mean.copy_(torch.from_numpy(both.mean(0)))
        self.scale.copy_(torch.from_numpy(both.std(0) + 1e-6))
        sets = [torch.from_numpy(rows).float() for rows in (real, drawn)]
        with torch.random.fork_rng(devices=[]), torch.enable_grad():
            torch.manual_seed(int(generator(seed, 41).integers(2**31)))
            for layer in self.layers:
                if isinstance(layer, nn.Linear):
                    layer.reset_parameters()
            self.train().requires_grad_(True)
            optimiser = torch.optim.AdamW(self.parameters(), RATE, weight_decay=DECAY)
            slower = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, STEPS)
            for _ in range(STEPS):
                one, other = (self(rows[torch.randint(len(rows), (BATCH,))]) for rows in sets)
                loss = softplus(-one).mean() + softplus(other).mean()
                optimiser.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimiser.step()
                slower.step()
        self.eval().requires_grad_(False)
