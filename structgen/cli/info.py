"""`structgen info`: what is in a file, or what is installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from structgen.cli.console import Console, one_line
from structgen.cli.options import common


@click.command("info", short_help="Say what a web or a model holds.")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@common
def command(console: Console, file: Path | None) -> None:
    """Say what a web or a model holds; without FILE, versions and shipped models.

    Of a web: its seven numbers, what is wrong with it, and what made it. Of a model (.safetensors): what it was
    trained on, and so may be asked for.

    \b
    Examples:
      structgen info web.npz
      structgen info
    """
    if file is None:
        facts = installation()
    elif file.suffix.lower() == ".safetensors":
        facts = model_facts(str(file))
    else:
        facts = file_facts(file)
    console.result(facts, "\n".join(lines(facts)))


def installation() -> dict[str, Any]:
    """Versions, and the shipped models."""
    from structgen.cli.part import versions
    from structgen.generators.store import SHIPPED

    return {"versions": versions(), "models": {name: model_facts(name) for name in SHIPPED}}


def model_facts(name: str) -> dict[str, Any]:
    """What a model is and what it may be asked for."""
    from structgen.files import sha256
    from structgen.generators.store import load_model, model_path
    from structgen.targets import NAMES

    model = load_model(name)
    low, high = model.range.rows.min(0).tolist(), model.range.rows.max(0).tolist()
    return {
        "model": model.name,
        "parameters": sum(p.numel() for p in model.parameters()),
        "sha256": sha256(model_path(name)),
        "trained on": {key: f"{a:.4g} to {b:.4g}" for key, a, b in zip(NAMES, low, high, strict=True)},
    }


def file_facts(path: Path) -> dict[str, Any]:
    """The numbers of a web, what is wrong with it, and what made it."""
    from structgen.cli.part import web_facts
    from structgen.io import read_web_and_metadata
    from structgen.validity import validity

    web, metadata = read_web_and_metadata(path)
    return {
        "file": str(path),
        "web": web_facts(web),
        "validity": validity(web, max_degree=int(web.degree.max())).as_dict(),
        "made by": metadata,
    }


def lines(facts: dict[str, Any], indent: str = "") -> list[str]:
    """A dictionary as indented lines; long lists are left to --json."""
    text: list[str] = []
    for key, value in facts.items():
        if isinstance(value, dict):
            text += [f"{indent}{key}:", *lines(value, indent + "  ")] if value else []
        elif isinstance(value, list) and (len(value) > 8 or any(isinstance(item, dict) for item in value)):
            text.append(f"{indent}{key}: {len(value)} entries")
        else:
            text.append(f"{indent}{key}: {f'{value:.6g}' if isinstance(value, float) else one_line(str(value))}")
    return text
