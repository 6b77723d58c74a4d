"""The ``xnnkit`` command: a group that imports a subcommand only when it is asked for.

Nothing heavy is imported here: ``xnnkit --help`` takes no longer than click itself
(``benchmarks/cli_startup.py`` measures it).
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from xnnkit import __version__, terminal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from click.shell_completion import CompletionItem

COMPLETE_VAR = "_XNNKIT_COMPLETE"
"""The variable by which a shell's completion script asks for completions."""

TABLE = {
    "advise": "Say which flavour to ship on each device.",
    "bazel": "Find or set up the Bazel that a profile asks for.",
    "build": "Build and prove every flavour of a profile's benchmark.",
    "cache": "Show, check and clean the cache of downloads.",
    "compare": "Compare runs of two flavours, with statistics.",
    "completion": "Print the completion script for your shell.",
    "device": "Show the devices that can run a binary.",
    "docker": "Write a Docker build context that builds and runs it.",
    "doctor": "Check what this machine has and lacks.",
    "elf": "Look into an ELF file: machine, linking, kernels.",
    "fetch": "Download a profile's archives and verify them.",
    "history": "Show a benchmark over time and mark its steps.",
    "lock": "Keep pins fresh: move them, find what is not pinned.",
    "mirror": "Make a profile's archives again from git clones.",
    "overlay": "Prepare a MediaPipe checkout for its own command.",
    "patch": "Render, check and explain patch sets.",
    "profile": "List, show and check profiles.",
    "provenance": "Say what binaries were built from, and check it.",
    "push": "Push built binaries to a phone.",
    "render": "Write a workspace in which plain bazel build works.",
    "repro": "Build twice under different conditions and compare every byte.",
    "report": "Write a page with verdict, figures and data.",
    "results": "Show and keep results of any format.",
    "run": "Run a built benchmark on a device.",
    "sbom": "Write a bill of materials (CycloneDX).",
    "verify": "Check a profile's archives, by bytes and by tree.",
}
"""Every subcommand and its one line of help; the module is ``xnnkit.cli.NAME``."""


class ReaderGone(Exception):
    """Whoever read our output has gone, as in ``xnnkit ... | head``."""


@contextmanager
def _broken_pipe_kept() -> Iterator[None]:
    """Hide a broken pipe from click, which would exit with 1: that means a finding here."""
    try:
        yield
    except BrokenPipeError as error:
        raise ReaderGone from error


class LazyGroup(click.Group):
    """A group that knows its commands' names and help without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(TABLE)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in TABLE:
            return None
        from importlib import import_module

        command: click.Command = import_module(f"xnnkit.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in TABLE and not args[0].startswith("-"):
            from xnnkit.cli.trouble import unknown_command

            raise unknown_command(args[0], list(TABLE))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(sorted(TABLE.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        options = click.Command.shell_complete(self, ctx, incomplete)
        return options + [
            CompletionItem(name, help=text)
            for name, text in sorted(TABLE.items())
            if name.startswith(incomplete)
        ]

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        with _broken_pipe_kept():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> None:
        """Run the command; what it returns is no exit code (``ctx.exit`` sets one)."""
        with _broken_pipe_kept():
            super().invoke(ctx)


@click.command(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="xnnkit", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show the traceback of an unexpected error.")
@click.pass_context
def cli(ctx: click.Context, debug: bool) -> None:
    """Build MediaPipe's LLM benchmark with upstream XNNPACK and with KleidiAI, prove it, run it,
    compare it.

    Exit codes: 0 fine; 1 a finding; 2 usage; 3 environment; 4 inconclusive; 130 interrupted.
    """
    ctx.ensure_object(dict)["debug"] = debug


def main(args: Sequence[str] | None = None) -> int:
    """Run one command line, print whatever goes wrong, and return the exit code.

    Args:
        args: the arguments without the program's name; the process's own when None.
    """
    argv = list(sys.argv[1:] if args is None else args)
    for stream in (sys.stdout, sys.stderr):
        # A check mark must not end a command on a terminal that cannot show one.
        reconfigure: Any = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    settings: dict[str, bool] = {"debug": False}
    with terminal.guarded():
        try:
            code = cli.main(
                argv,
                prog_name="xnnkit",
                complete_var=COMPLETE_VAR,
                standalone_mode=False,
                obj=settings,
            )
            sys.stdout.flush()
        except BaseException as error:
            from xnnkit.cli import trouble

            return trouble.report(error, argv, debug=settings["debug"])
        return code if isinstance(code, int) else 0
