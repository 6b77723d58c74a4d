"""XNNPACK's --define switches as build settings, and who reads the two that flavours differ in."""

load("@bazel_skylib//lib:selects.bzl", "selects")
load("@bazel_skylib//rules:common_settings.bzl", "BuildSettingInfo", "string_flag")
load("//:xnnkit_flavours.bzl", "FLAVOUR", "SWITCHES")

# Which source reads which macro. Only these are compiled with it, so that every other compile
# action is the same in every flavour. A source that reads a macro and is missing here would
# silently take it for 0: xnnkit's tests search the tree for such a source.
READERS = {
    "XNN_ENABLE_ARM_I8MM": [
        "src/configs/gemm-config.c",
    ],
    "XNN_ENABLE_KLEIDIAI": [
        "src/configs/gemm-config.c",
        "src/configs/pack-lh-config.c",
        "src/configs/unary-elementwise-config.c",
        "src/pf32-gemm/",
        "src/qp8-f32-qb4w-gemm/",
        "src/qp8-f32-qc4w-gemm/",
        "src/reference/packing.cc",
        "src/x32-pack-lh/",
        "src/x8-packq/x8-packq-aarch64-neon-f32qp8-u2.c",
    ],
}

_ENABLED = {
    "XNN_ENABLE_ARM_I8MM": Label("//:arm_i8mm_enabled"),
    "XNN_ENABLE_KLEIDIAI": Label("//:kleidiai_enabled"),
}

# Packages whose sources may read any macro.
_CONSUMERS = ["bench", "test"]

def _effective_impl(ctx):
    value = ctx.attr.own[BuildSettingInfo].value
    if value == "auto" and ctx.attr.flavour:
        value = ctx.attr.by_flavour.get(ctx.attr.flavour[BuildSettingInfo].value, "auto")
    return [config_common.FeatureFlagInfo(value = value)]

_effective = rule(
    implementation = _effective_impl,
    doc = "A switch's value: its own build setting's, else the flavour's, else auto.",
    attrs = {
        "by_flavour": attr.string_dict(doc = "Flavour -> value."),
        "flavour": attr.label(providers = [BuildSettingInfo], doc = "Names the flavour, if anything does."),
        "own": attr.label(mandatory = True, providers = [BuildSettingInfo], doc = "The switch's build setting."),
    },
)

def switch_setting(name, define_values, **kwargs):
    """A condition on one switch: by its build setting, else by the flavour, else by --define.

    Declares the build setting, too, under the name of the define. Takes the place of
    config_setting.

    Args:
      name: name of the condition.
      define_values: dict of one entry, the define and its value.
      **kwargs: passed on.
    """
    [(switch, value)] = define_values.items()
    if not native.existing_rule(switch):
        string_flag(
            name = switch,
            build_setting_default = "auto",
            values = ["auto", "false", "true"],
            visibility = ["//visibility:public"],
        )
        _effective(
            name = switch + "_effective",
            by_flavour = {
                flavour: switches[switch]
                for flavour, switches in SWITCHES.items()
                if switch in switches
            },
            flavour = FLAVOUR,
            own = ":" + switch,
        )
    native.config_setting(
        name = name + "_by_flag",
        flag_values = {":" + switch + "_effective": value},
        **kwargs
    )
    native.config_setting(
        name = name + "_by_define",
        define_values = define_values,
        flag_values = {":" + switch + "_effective": "auto"},
        **kwargs
    )
    selects.config_setting_group(
        name = name,
        match_any = [
            ":" + name + "_by_flag",
            ":" + name + "_by_define",
        ],
    )

def always_setting(name):
    """A condition that always holds.

    Args:
      name: name of the condition.
    """
    string_flag(
        name = name + "_flag",
        build_setting_default = "always",
        values = ["always"],
    )
    native.config_setting(
        name = name,
        flag_values = {":" + name + "_flag": "always"},
    )

def switch_defines(macros = READERS.keys()):
    """The defines of the given macros, 0 or 1.

    Args:
      macros: names out of READERS.

    Returns:
      A list with selects, for defines or local_defines.
    """
    result = []
    for macro in macros:
        result = result + select({
            _ENABLED[macro]: [macro + "=1"],
            "//conditions:default": [macro + "=0"],
        })
    return result

def consumer_defines():
    """What XNNPACK's own tests and benchmarks are compiled with besides; nothing elsewhere.

    Returns:
      A list, perhaps with selects.
    """
    return switch_defines() if native.package_name().split("/")[-1] in _CONSUMERS else []

def consumer_deps(kleidiai):
    """What XNNPACK's own benchmarks include besides; nothing elsewhere.

    Args:
      kleidiai: the list, with its select, that turns KleidiAI on and off.

    Returns:
      A list, perhaps with selects.
    """
    return kleidiai if native.package_name().split("/")[-1] in _CONSUMERS else []

def _reads(source):
    macros = []
    for macro, readers in READERS.items():
        if [r for r in readers if source == r or (r.endswith("/") and source.startswith(r))]:
            macros.append(macro)
    return tuple(macros)

def split_library(library, name, srcs, deps = [], kleidiai_deps = [], **kwargs):
    """A library whose sources get a flavour's macros, and KleidiAI's headers, only if they read them.

    The sources that read the same macros form a library of their own, named after those; the rest
    form NAME, which depends on them. If all read the same, NAME itself is that library.

    Args:
      library: the macro that makes a library.
      name: name of the whole.
      srcs: list of sources; no select.
      deps: what all of them need.
      kleidiai_deps: what those that read XNN_ENABLE_KLEIDIAI need; unseen by dependents.
      **kwargs: passed on to each library.
    """
    groups = {}
    for source in srcs:
        macros = _reads(source)
        groups[macros] = groups.get(macros, []) + [source]
    parts = []
    for macros in sorted(groups):
        if not macros:
            continue
        whole = len(groups) == 1
        part = name if whole else name + "".join(["_" + m.lower() for m in macros])
        library(
            name = part,
            srcs = groups[macros],
            implementation_deps = kleidiai_deps if "XNN_ENABLE_KLEIDIAI" in macros else [],
            local_defines = switch_defines(macros),
            deps = deps,
            **kwargs
        )
        if whole:
            return
        parts.append(":" + part)
    library(
        name = name,
        srcs = groups.get((), []),
        deps = deps + parts,
        **kwargs
    )
