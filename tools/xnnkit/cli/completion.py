"""``xnnkit completion``: print the completion script for a shell."""

from __future__ import annotations

import click


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script for your shell.

    \b
    bash: eval "$(xnnkit completion bash)"            in ~/.bashrc
    zsh:  eval "$(xnnkit completion zsh)"             in ~/.zshrc
    fish: xnnkit completion fish > ~/.config/fish/completions/xnnkit.fish
    """
    from click.shell_completion import get_completion_class

    from xnnkit.cli.main import COMPLETE_VAR, cli

    kind = get_completion_class(shell)
    assert kind is not None  # the choices above are click's own
    click.echo(kind(cli, {}, "xnnkit", COMPLETE_VAR).source())
