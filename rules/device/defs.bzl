"""`device_push` and `device_bench`: what `bazel run` does with built binaries on a device."""

load("//rules/private:device_command.bzl", _device_bench = "device_bench", _device_push = "device_push")

device_bench = _device_bench
device_push = _device_push
