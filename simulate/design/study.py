"""The search: targets are suggested, webs made of them, their properties predicted, until a number of trials is done.

Each trial has a sampler with a seed of its own, so that a search that goes on does not repeat itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from simulate.checks import whole
from simulate.design.parego import suggestion
from simulate.design.properties import predicted_of
from simulate.design.space import Space
from simulate.design.wishes import Wishes
from simulate.mechanics.predictor.network import Predictor
from structgen.seeds import generator
from structgen.targets import DesignTargets
from structgen.web import WebGraph

#: Makes the web of some targets from a seed; `ValueError` where there is none.
Make = Callable[[DesignTargets, int], WebGraph]
Tell = Callable[[int, int, str], None]

STUDY = "study.log"
SAMPLERS = ("auto", "tpe", "parego", "nsga2", "random")
#: Webs of a generation of NSGA-II, few as searches are short; trials at random before TPE and ParEGO begin.
POPULATION, AT_RANDOM = 8, 20


@dataclass(frozen=True)
class Trial:
    """A design that was tried: its ``number``, ``targets``, ``predicted`` properties and their ``deviation``."""

    number: int
    targets: DesignTargets
    predicted: dict[str, float]
    deviation: dict[str, float]


@dataclass
class Search:
    """A search for designs, kept in ``folder``; the same search begun again goes on where it ended.

    Arguments:
        make: makes webs; what is random in it must come from its seed.
        axis: along which webs are pulled.
        sampler: tpe (J. Bergstra et al., NIPS 2011), parego (see `simulate.design.parego`), nsga2 (K. Deb et al., IEEE
            Trans. Evol. Comput. 6 (2002)), random, or auto: tpe for one objective, parego for several.
        about: what else must be the same for the search to go on, such as the name of the generator.
    """

    make: Make
    wishes: Wishes
    folder: Path
    network: Predictor
    space: Space = field(default_factory=Space)
    axis: str = "x"
    seed: int = 0
    sampler: str = "auto"
    about: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.sampler not in SAMPLERS:
            raise ValueError(f"sampler is {self.sampler!r}, must be one of {', '.join(SAMPLERS)}")
        generator(self.seed)  # refuses what is no seed
        if self.sampler == "auto":
            self.sampler = "tpe" if len(self.wishes.objectives) == 1 else "parego"

    def run(self, trials: int, tell: Tell | None = None) -> list[Trial]:
        """Trials until ``trials`` have been made, those of earlier runs among them; all that gave a web, in order.

        ``tell``: told how many trials of how many are done, and the best so far in words.

        Raises `ValueError` where the folder holds another search, or optuna is missing.
        """
        whole("trials", trials, 1)
        study = self._study()
        self._check(study)
        found = [self._trial(one) for one in study.get_trials(deepcopy=False) if "predicted" in one.user_attrs]
        best = self._better(None, *found)
        for number in range(len(study.get_trials(deepcopy=False)), trials):
            new = self._one(study, number)
            if new is not None:
                found.append(new)
                best = self._better(best, new)
            if tell:
                tell(number + 1, trials, self._words(best))
        return found

    def web(self, trial: Trial) -> WebGraph:
        """The web of a trial, made again."""
        return self.make(trial.targets, self._web_seed(trial.number))

    def _trial(self, one: Any) -> Trial:
        """From a trial of Optuna that gave a web."""
        attributes = one.user_attrs
        return Trial(one.number, self.space.targets(one.params), attributes["predicted"], attributes["deviation"])

    def _one(self, study: Any, number: int) -> Trial | None:
        """The next trial; None, and where it is interrupted it counts as such, if it gave no web."""
        from optuna.trial import TrialState

        study.sampler = self._sampler(number)
        if self.sampler == "parego":
            study.enqueue_trial(self._suggested(number, study))
        trial = study.ask()
        try:
            values, deviation = predicted_of(
                self.make(self.space.suggested(trial), self._web_seed(trial.number)), self.axis, self.network
            )
        except ValueError as error:
            trial.set_user_attr("refused", str(error)[:200])
            study.tell(trial, state=TrialState.FAIL)
            return None
        except BaseException:
            study.tell(trial, state=TrialState.FAIL)
            raise
        trial.set_user_attr("predicted", values)
        trial.set_user_attr("deviation", deviation)
        for limit, violation in zip(self.wishes.limits, self.wishes.violations(values), strict=True):
            trial.set_constraint(str(limit), violation)
        return self._trial(study.tell(trial, self.wishes.scores(values)))

    def _sampler(self, number: int) -> Any:
        from optuna import samplers

        seed = int(generator(self.seed, 1, number).integers(2**31))
        if self.sampler in ("random", "parego"):
            return samplers.RandomSampler(seed=seed)
        if self.sampler == "tpe":
            return samplers.TPESampler(seed=seed, n_startup_trials=AT_RANDOM, multivariate=True)
        return samplers.NSGAIISampler(seed=seed, population_size=POPULATION)

    def _suggested(self, number: int, study: Any) -> dict[str, float]:
        """What the next trial is to have, by `suggestion`; nothing, so that it is random, after few trials."""
        done = [one for one in study.get_trials(deepcopy=False) if "predicted" in one.user_attrs]
        if len(done) < AT_RANDOM or not self.space.varied:
            return {}
        predicted = [one.user_attrs["predicted"] for one in done]
        return self.space.values(suggestion(
            np.array([self.space.shares(one.params) for one in done]),
            np.array([self.wishes.scores(values) for values in predicted]),
            np.array([sum(max(0.0, beyond) for beyond in self.wishes.violations(values)) for values in predicted]),
            generator(self.seed, 3, number),
        ).tolist())  # fmt: skip

    def _web_seed(self, number: int) -> int:
        return int(generator(self.seed, 2, number).integers(2**31))

    def _better(self, best: Trial | None, *others: Trial) -> Trial | None:
        """The best by the first objective of those within the limits."""
        good = [one for one in (best, *others) if one is not None and self.wishes.met(one.predicted)]
        return min(good, key=lambda one: self.wishes.scores(one.predicted)[0], default=None)

    def _words(self, best: Trial | None) -> str:
        if best is None:
            return "none meets the targets yet"
        return ", ".join(f"{one.name} {best.predicted[one.name]:.4g}" for one in self.wishes.objectives)

    def _study(self) -> Any:
        try:
            import optuna
            from optuna.storages import JournalStorage
            from optuna.storages.journal import JournalFileBackend
        except ImportError:
            raise ValueError("optuna, which searches, is not installed: pip install 'structgen-webs[design]'") from None
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / STUDY
        try:
            return optuna.create_study(
                storage=JournalStorage(JournalFileBackend(str(path))), study_name="design", load_if_exists=True,
                directions=["minimize"] * len(self.wishes.objectives),
            )  # fmt: skip
        except Exception as error:  # optuna and its JSON reader raise what they like on a damaged file
            raise ValueError(f"{path}: not a study that can go on ({' '.join(str(error).split())[:160]})") from None

    def _check(self, study: Any) -> None:
        """Refuse a study of something else; mark a new one as this."""
        now = {
            "targets": self.wishes.texts, "ranges": {name: list(ends) for name, ends in self.space.ranges.items()},
            "axis": self.axis, "seed": self.seed, "sampler": self.sampler, **self.about,
        }  # fmt: skip
        now = json.loads(json.dumps(now))
        begun = study.user_attrs.get("search", now)
        differing = [name for name in now if begun.get(name) != now[name]]
        if differing:
            name = differing[0]
            raise ValueError(
                f"{self.folder / STUDY} was begun with {name} {begun.get(name)}, now {now[name]}: name another folder"
            )
        study.set_user_attr("search", now)
