from __future__ import annotations

import numpy as np
import torch

from structgen.evaluation.classifier import auc
from structgen.generators.critic import Critic
from structgen.generators.traits import TRAITS


def sets(seed, shift=1.0, count=300):
    """Two sets of normal numbers whose first columns lie ``shift`` apart."""
    rng = np.random.default_rng(seed)
    real, drawn = rng.standard_normal((2, count, TRAITS))
    real[:, 0] += shift
    return real, drawn


def test_a_critic_that_has_learned_nothing_has_no_preference():
    assert not Critic().judged(sets(0)[0]).any()


def test_log_odds_are_those_of_the_densities():
    """Between normal distributions one apart they are x - 1/2, and nothing tells the two better."""
    critic = Critic()
    critic.learn(*sets(0, count=16384), seed=1)  # as many as in training
    real, drawn = sets(1, count=2000)
    assert auc(critic.judged(real), critic.judged(drawn)) > auc(real[:, 0], drawn[:, 0]) - 0.02
    both = np.concatenate([real, drawn])
    slope, middle = np.polyfit(both[:, 0] - 0.5, critic.judged(both), 1)
    assert abs(slope - 1) < 0.2 and abs(middle) < 0.2


def test_the_same_seed_learns_the_same_and_leaves_other_random_numbers_alone():
    one, other = Critic(), Critic()
    state = torch.random.get_rng_state()
    one.learn(*sets(0), seed=1)
    assert torch.equal(torch.random.get_rng_state(), state)
    other.learn(*sets(0), seed=1)
    assert all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))
    assert not any(value.requires_grad for value in one.parameters()) and not one.training
