"""`structgen completion`: the script that makes a shell complete commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command("completion", short_help="Print the script by which a shell completes words.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Print the script by which a shell completes commands and options on TAB.

    \b
    Examples:
      structgen completion bash > ~/.local/share/bash-completion/completions/structgen
      structgen completion zsh > ~/.zfunc/_structgen
      structgen completion fish > ~/.config/fish/completions/structgen.fish
    """
    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(context.find_root().command, {}, "structgen", "_STRUCTGEN_COMPLETE").source())
