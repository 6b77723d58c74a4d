"""XNNPACK's --define switches as build settings that follow the flavour."""

load("@bazel_skylib//lib:selects.bzl", "selects")
load("@bazel_skylib//rules:common_settings.bzl", "BuildSettingInfo", "string_flag")
load("//:xnnkit_flavours.bzl", "FLAVOUR", "SWITCHES")

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
