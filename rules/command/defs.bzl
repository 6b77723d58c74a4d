"""`xnnkit_command` and `python_command`: what `bazel run` starts in the user's own directory."""

load("//rules/private:python_command.bzl", _python_command = "python_command")
load("//rules/private:xnnkit_command.bzl", _xnnkit_command = "xnnkit_command")

python_command = _python_command
xnnkit_command = _xnnkit_command
