"""The rule `xnnkit_command`: one command of xnnkit, run in the workspace."""

load(":runfiles.bzl", "path", "preamble", "quote")

_ON_PATH = """
xnnkit=${XNNKIT:-xnnkit}
command -v "$xnnkit" >/dev/null || {
    echo "xnnkit is not on PATH" >&2
    echo "  why:   the workspace carries the rules, not the command that rendered it" >&2
    echo "  fix:   pip install xnnkit, or XNNKIT=/path/to/xnnkit bazel run ..." >&2
    exit 3
}
"""

def _xnnkit_command_impl(ctx):
    runfiles = ctx.runfiles()
    lines = [preamble(ctx)]
    if ctx.attr.tool:
        tool = ctx.attr.tool[DefaultInfo]
        runfiles = runfiles.merge(tool.default_runfiles)
        runfiles = runfiles.merge(ctx.runfiles([tool.files_to_run.executable]))
        lines.append("xnnkit={}\n".format(path(tool.files_to_run.executable)))
    else:
        lines.append(_ON_PATH)

    # The program goes to the directory that its user is in, which is the workspace's here.
    lines.append("cd \"${BUILD_WORKSPACE_DIRECTORY:-.}\"\n")
    lines.append("BUILD_WORKING_DIRECTORY=$PWD\nexport BUILD_WORKING_DIRECTORY\n")
    if ctx.attr.defaults:
        lines.append("[ $# -gt 0 ] || set -- {}\n".format(" ".join([quote(one) for one in ctx.attr.defaults])))
    lines.append("exec \"$xnnkit\" {} \"$@\"\n".format(" ".join([quote(one) for one in ctx.attr.command])))
    script = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(script, "".join(lines), is_executable = True)
    return [DefaultInfo(executable = script, runfiles = runfiles)]

xnnkit_command = rule(
    implementation = _xnnkit_command_impl,
    doc = "`bazel run` starts a command of xnnkit in the workspace's directory; arguments go after `--`.",
    executable = True,
    attrs = {
        "command": attr.string_list(mandatory = True, doc = "The command and its fixed arguments."),
        "defaults": attr.string_list(doc = "Arguments when none are given."),
        "tool": attr.label(
            executable = True,
            cfg = "target",
            doc = "The program; without one, `xnnkit` on PATH, or what XNNKIT names.",
        ),
    },
)
