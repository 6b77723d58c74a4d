"""`archives`: the module extension that declares archives in a MODULE.bazel."""

load("//rules/private:archive_extension.bzl", _archives = "archives")

archives = _archives
