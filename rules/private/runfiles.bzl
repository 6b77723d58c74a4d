"""How a script that `bazel run` starts finds the files it was built with."""

# A program's runfiles stand beside it, or, when another program of the build starts it, are that
# program's.
PREAMBLE = """#!/bin/sh
set -eu
case $0 in /*) self=$0 ;; *) self=$PWD/$0 ;; esac
for runfiles in "$self.runfiles/{workspace}" "${{RUNFILES_DIR:-/nonexistent}}/{workspace}" "$PWD"; do
    [ ! -d "$runfiles" ] || break
done
RUNFILES_DIR=${{runfiles%/*}}
export RUNFILES_DIR
"""

def quote(text):
    """Returns a text as one word of a shell."""
    return "'" + text.replace("'", "'\\''") + "'"

def preamble(ctx):
    """Returns the first lines of a script, after which `$runfiles` is where short paths start.

    Args:
      ctx: the rule's context.

    Returns:
      Lines for /bin/sh.
    """
    return PREAMBLE.format(workspace = ctx.workspace_name)

def path(file):
    """Returns a word for the place of a file among the runfiles, after `preamble`."""
    return '"$runfiles"/' + quote(file.short_path)
