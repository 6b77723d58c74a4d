"""What the C++ toolchains of xnnkit share: which actions get flags, and the flags that are the same.

A binary's speed is compared between toolchains as well as between flavours, so optimisation, CPU
and reproducibility are decided here once.
"""

load("@bazel_skylib//rules:common_settings.bzl", "BuildSettingInfo")
load("@bazel_tools//tools/build_defs/cc:action_names.bzl", "ACTION_NAMES")
load(
    "@bazel_tools//tools/cpp:cc_toolchain_config_lib.bzl",
    "feature",
    "flag_group",
    "flag_set",
    "with_feature_set",
)

COMPILE = [
    ACTION_NAMES.assemble,
    ACTION_NAMES.preprocess_assemble,
    ACTION_NAMES.linkstamp_compile,
    ACTION_NAMES.c_compile,
    ACTION_NAMES.cpp_compile,
    ACTION_NAMES.cpp_header_parsing,
    ACTION_NAMES.cpp_module_compile,
    ACTION_NAMES.cpp_module_codegen,
    ACTION_NAMES.lto_backend,
    ACTION_NAMES.clif_match,
]

CPP = [
    ACTION_NAMES.linkstamp_compile,
    ACTION_NAMES.cpp_compile,
    ACTION_NAMES.cpp_header_parsing,
    ACTION_NAMES.cpp_module_compile,
    ACTION_NAMES.cpp_module_codegen,
    ACTION_NAMES.lto_backend,
    ACTION_NAMES.clif_match,
]

LINK = [
    ACTION_NAMES.cpp_link_executable,
    ACTION_NAMES.cpp_link_dynamic_library,
    ACTION_NAMES.cpp_link_nodeps_dynamic_library,
]

# No clock, no place: __DATE__ and friends are constants, and paths are relative to the exec root.
REPRODUCIBLE = [
    "-D__DATE__=\"redacted\"",
    "-D__TIMESTAMP__=\"redacted\"",
    "-D__TIME__=\"redacted\"",
    "-Wno-builtin-macro-redefined",
    "-fdebug-compilation-dir=.",
    "-ffile-prefix-map=bazel-out=out",
    "-no-canonical-prefixes",
]

SECTIONS = ["-ffunction-sections", "-fdata-sections", "-fno-spell-checking"]

OPT = [with_feature_set(features = ["opt"])]
DBG = [with_feature_set(features = ["dbg"])]

def flags(name, actions, flags, enabled = True, with_features = []):
    """Returns a feature that gives `flags` to `actions`; one without flags does nothing."""
    return feature(
        name = name,
        enabled = enabled,
        flag_sets = [flag_set(
            actions = actions,
            flag_groups = [flag_group(flags = flags)],
            with_features = with_features,
        )] if flags else [],
    )

# The build settings of //rules/toolchains, as private attributes of a config rule.
SETTINGS = {
    "_dotprod": attr.label(default = Label("//rules/toolchains:dotprod")),
    "_i8mm": attr.label(default = Label("//rules/toolchains:i8mm")),
    "_optimization": attr.label(default = Label("//rules/toolchains:optimization")),
}

def march(ctx):
    """Gives -march for an arm64 target, from the build settings.

    Args:
      ctx: of a rule that has SETTINGS.

    Returns:
      A list of flags.
    """
    extras = ""
    if ctx.attr._dotprod[BuildSettingInfo].value:
        extras += "+dotprod"
    if ctx.attr._i8mm[BuildSettingInfo].value:
        extras += "+i8mm"
    return ["-march=armv8.2-a" + extras] if extras else ["-march=armv8-a"]

def optimize(ctx):
    """Returns the flags of `-c opt`, from the build settings."""
    return ["-" + ctx.attr._optimization[BuildSettingInfo].value, "-DNDEBUG", "-g0"]
