"""The rules behind //rules/device: a script that hands built binaries to the command `xnnkit`.

The rules carry no xnnkit: talking to a phone is the command's job, whoever built the binaries.
"""

_SCRIPT = """#!/bin/sh
set -eu
xnnkit=${{XNNKIT:-xnnkit}}
command -v "$xnnkit" >/dev/null || {{
    echo "xnnkit is not on PATH" >&2
    echo "  why:   it talks to the device; Bazel built the binaries" >&2
    echo "  fix:   pip install xnnkit, or XNNKIT=/path/to/xnnkit bazel run ..." >&2
    exit 3
}}
exec "$xnnkit" {command} {profile} {options} "$@"
"""

def _quote(text):
    return "'" + text.replace("'", "'\\''") + "'"

def _command_impl(ctx, command, options):
    files = []
    for target, flavour in ctx.attr.binaries.items():
        executable = target[DefaultInfo].files_to_run.executable
        if not executable:
            fail("{}: {} is not a binary".format(ctx.label, target.label))
        files.append(executable)
        options = options + ["--binary={}=\"$PWD\"/{}".format(_quote(flavour), _quote(executable.short_path))]
    profile = _quote(ctx.attr.profile)
    if ctx.file.profile_file:
        files.append(ctx.file.profile_file)
        profile = "\"$PWD\"/" + _quote(ctx.file.profile_file.short_path)
    script = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(
        script,
        _SCRIPT.format(
            command = command,
            options = " ".join(options),
            profile = profile,
        ),
        is_executable = True,
    )
    return [DefaultInfo(executable = script, runfiles = ctx.runfiles(files))]

def _push_impl(ctx):
    return _command_impl(ctx, "push", [])

def _bench_impl(ctx):
    # The command runs in the runfiles, which the next build may remove.
    return _command_impl(ctx, "run", [
        "--device adb",
        "--interleave",
        "--repetitions {}".format(ctx.attr.repetitions),
        "--runs \"${BUILD_WORKSPACE_DIRECTORY:-$PWD}\"/runs",
    ])

_ATTRS = {
    "binaries": attr.label_keyed_string_dict(
        mandatory = True,
        allow_empty = False,
        doc = "Each binary and the flavour that it is.",
    ),
    "profile": attr.string(mandatory = True, doc = "The profile's name."),
    "profile_file": attr.label(
        allow_single_file = [".toml"],
        doc = "The profile's file, for one that xnnkit does not know by its name.",
    ),
}

device_push = rule(
    implementation = _push_impl,
    doc = "`bazel run` pushes the binaries to a phone. Options of `xnnkit push` go after `--`.",
    executable = True,
    attrs = _ATTRS,
)

device_bench = rule(
    implementation = _bench_impl,
    doc = """`bazel run` runs the binaries on a phone, flavours in turn, and keeps the runs in runs/.

Options of `xnnkit run` go after `--`, such as `--device qemu`; those of the benchmark after another
`--`.""",
    executable = True,
    attrs = dict(_ATTRS, repetitions = attr.int(default = 10, doc = "Of each benchmark.")),
)
