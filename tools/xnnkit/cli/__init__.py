"""The command line: one file a subcommand, no logic. It parses, calls the library and prints.

Each ``cli/NAME.py`` defines ``command``, a click command or group; ``main.TABLE`` lists them.
Errors are raised as `xnnkit.errors` and printed in one place, ``main.main``.
"""
