"""Macros of the framework; one of them wants TypeScript."""

load("@npm//@bazel/typescript:index.bzl", "ts_project")

def shape_library(name, **kwargs):
    native.cc_library(name = name, **kwargs)
    ts_project(name = name + "_ts")
