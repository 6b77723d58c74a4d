"""The transition behind //rules/flavour: one binary, one flavour, one platform."""

_FLAVOUR = str(Label("//rules/flavour:flavour"))
_PLATFORMS = "//command_line_option:platforms"
_MODE = "//command_line_option:compilation_mode"

def _binary_impl(ctx):
    # A transition makes the dependency a list of one.
    binary = ctx.attr.binary[0][DefaultInfo]
    executable = binary.files_to_run.executable
    if not executable:
        fail("{}: {} is not a binary".format(ctx.label, ctx.attr.binary[0].label))
    output = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(output = output, target_file = executable, is_executable = True)
    return [
        DefaultInfo(
            executable = output,
            files = depset([output]),
            runfiles = ctx.runfiles([output]).merge(binary.default_runfiles),
        ),
        OutputGroupInfo(binary = depset([executable])),
    ]

def flavoured_binary_rule(flavours):
    """Makes a rule that builds a binary in one of the given flavours.

    Optimised (-c opt) always: a benchmark of anything else is a mistake, and flavours that are
    built differently cannot be compared.

    Args:
      flavours: dict of flavour name -> dict of build setting label -> value. Every flavour must
        set the same labels, so that none inherits what another left behind.

    Returns:
      A rule with the attributes `binary` (label of a cc_binary), `flavour` (one of the names)
      and `platform` (label; default //rules/platforms:linux_arm64_musl). Assign it to a global.
    """
    labels = sorted({label: None for settings in flavours.values() for label in settings})
    for name, settings in flavours.items():
        missing = [label for label in labels if label not in settings]
        if missing:
            fail("flavour {} does not set {}; every flavour must set the same switches".format(name, ", ".join(missing)))

    def _transition_impl(_, attr):
        result = {
            _FLAVOUR: attr.flavour,
            _MODE: "opt",
            _PLATFORMS: str(attr.platform),
        }
        result.update(flavours[attr.flavour])
        return result

    return rule(
        implementation = _binary_impl,
        doc = "A binary built in one flavour. Legal flavours: {}.".format(", ".join(flavours)),
        executable = True,
        attrs = {
            "binary": attr.label(
                mandatory = True,
                executable = True,
                cfg = transition(
                    implementation = _transition_impl,
                    inputs = [],
                    outputs = [_FLAVOUR, _MODE, _PLATFORMS] + labels,
                ),
                doc = "The cc_binary.",
            ),
            "flavour": attr.string(mandatory = True, values = flavours.keys(), doc = "Which flavour."),
            "platform": attr.label(default = Label("//rules/platforms:linux_arm64_musl"), doc = "What it is built for."),
            "_allowlist_function_transition": attr.label(default = "@bazel_tools//tools/allowlists/function_transition_allowlist"),
        },
    )
