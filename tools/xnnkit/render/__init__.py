"""Render a profile into a workspace in which plain ``bazel build`` works.

``workspace.plan`` says which files with which bytes, and touches nothing; ``directory`` compares
that with a directory and writes what differs.
"""
