"""The test rule behind //rules/elf. The reading is done by elf_check.py, standard library only."""

def _quote(text):
    return "'" + text.replace("'", "'\\''") + "'"

def _elf_test_impl(ctx):
    words = ["exec", "python3", "-I", _quote(ctx.file._check.short_path), _quote(ctx.executable.binary.short_path)]
    words += ["--machine", _quote(ctx.attr.machine)]
    if ctx.attr.static:
        words.append("--static")
    for option, values in [
        ("--required", ctx.attr.required),
        ("--forbidden", ctx.attr.forbidden),
        ("--forbidden-string", ctx.attr.forbidden_strings),
    ]:
        for value in values:
            words += [option, _quote(value)]
    script = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(script, "#!/bin/sh\n" + " ".join(words) + "\n", is_executable = True)
    runfiles = ctx.runfiles([ctx.file._check, ctx.executable.binary])
    return [DefaultInfo(executable = script, runfiles = runfiles)]

elf_test = rule(
    implementation = _elf_test_impl,
    doc = """Proves facts of a binary from its ELF: machine, static linking, and symbols by glob.

The test needs a python3 on the PATH that Bazel gives to tests; nothing else of the host.""",
    test = True,
    attrs = {
        "binary": attr.label(mandatory = True, executable = True, cfg = "target", doc = "The binary to read."),
        "machine": attr.string(default = "aarch64", values = ["aarch64", "x86_64"], doc = "The ELF's machine."),
        "static": attr.bool(default = True, doc = "No interpreter and no shared library needed."),
        "required": attr.string_list(doc = "Globs; each must match at least one function symbol."),
        "forbidden": attr.string_list(doc = "Globs; none may match a function symbol."),
        "forbidden_strings": attr.string_list(doc = "Strings that must not stand anywhere in the file."),
        "_check": attr.label(default = "//rules/private:elf_check.py", allow_single_file = True),
    },
)
