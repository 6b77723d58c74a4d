"""The rule `python_command`: a Python module with locked packages, started by `bazel run`.

Why no Python toolchain and no py_binary: rules_python would bring an interpreter and a registry of
its own to every module that depends on this one, and what runs here builds nothing.
"""

load(":runfiles.bzl", "path", "preamble", "quote")

def _python_command_impl(ctx):
    script = ctx.actions.declare_file(ctx.label.name + ".sh")
    launcher = ctx.file._launcher
    lock = ctx.file.requirements
    main = ctx.file.main
    ctx.actions.write(
        script,
        preamble(ctx) + "exec /bin/sh {launcher} {lock} {main} {module} \"$@\"\n".format(
            launcher = path(launcher),
            lock = path(lock),
            main = path(main),
            module = quote(ctx.attr.module),
        ),
        is_executable = True,
    )
    files = [launcher, lock, main] + ctx.files.srcs
    return [DefaultInfo(executable = script, runfiles = ctx.runfiles(files))]

python_command = rule(
    implementation = _python_command_impl,
    doc = """`bazel run` starts a Python module in the directory that it was called in.

The module may read what lies beside its real files: its whole repository is there.""",
    executable = True,
    attrs = {
        "main": attr.label(
            mandatory = True,
            allow_single_file = [".py"],
            doc = "MODULE/__init__.py; the folder that MODULE is in goes on the import path.",
        ),
        "module": attr.string(mandatory = True, doc = "What `python -m` would be given."),
        "requirements": attr.label(
            mandatory = True,
            allow_single_file = True,
            doc = "Every package with its version and hashes, as pip's --require-hashes wants them.",
        ),
        "srcs": attr.label_list(allow_files = [".py"], doc = "The module's sources."),
        "_launcher": attr.label(default = ":python_command.sh", allow_single_file = True),
    },
)
