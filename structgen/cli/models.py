"""`structgen models`: the shipped models and their cards."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

import click

from structgen.cli.console import Console
from structgen.cli.info import lines, model_facts
from structgen.cli.options import common

#: Largest card read.
MOST_BYTES = 1 << 20


@click.group("models", short_help="Tell of models: what they are, how good they are.")
def command() -> None:
    """Tell of models: what they are, what they were trained on, how good they are.

    \b
    Example: structgen models list
    """


@command.command("list", short_help="List the shipped models.")
@common
def list_models(console: Console) -> None:
    """List the shipped models: generators, whose names may be given to --model, and the networks of simulate.

    \b
    Example: structgen models list --json
    """
    from structgen.generators.store import SHIPPED

    facts = {name: model_facts(name) for name in SHIPPED}
    rows = [
        f"{name}: {one['parameters']:,} parameters, {one['trained on']['nodes']} nodes" for name, one in facts.items()
    ]
    for name in simulate_networks():
        card = read_card(name)
        facts[name] = {key: card[key] for key in ("model", "parameters", "sha256")}
        rows.append(f"{name}: {card['parameters']:,} parameters, a network of simulate")
    console.result(facts, "\n".join(rows))


@command.command("card", short_help="Print the card of a model.")
@click.argument("model")
@common
def card(console: Console, model: str) -> None:
    """Print the card of a MODEL: data, seed, command, metrics, hash.

    MODEL: a shipped model by name, or a .safetensors file with its card (.json) beside it.

    \b
    Examples:
      structgen models card autoregressive
      structgen models card run/weights.safetensors --json
    """
    facts = read_card(model)
    console.result(facts, "\n".join(lines(facts)))


def read_card(model: str) -> dict[str, Any]:
    """The card of a model by name or path: the JSON file of the same name beside the weights, or card.json there."""
    from structgen.files import check_readable, sha256
    from structgen.generators.store import model_path
    from structgen.training import CARD

    weights = simulate_networks().get(model) or model_path(model)
    beside = weights.with_suffix(".json")
    path = beside if beside.is_file() else weights.parent / CARD
    check_readable(path, MOST_BYTES)
    facts = _parsed(path)
    if facts.get("sha256") != sha256(weights):
        raise ValueError(f"{path}: is not the card of {weights}, the hash in it is that of another file")
    return facts


def simulate_networks() -> dict[str, Path]:
    """Weights that come with `simulate`, by name."""
    folder = Path(str(resources.files("simulate").joinpath("weights")))
    return {path.stem: path for path in sorted(folder.glob("*.safetensors"))}


def _parsed(path: Path) -> dict[str, Any]:
    try:
        facts = json.loads(path.read_text())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: not a model card ({error})") from None
    if not isinstance(facts, dict):
        raise ValueError(f"{path}: not a model card")
    return facts
