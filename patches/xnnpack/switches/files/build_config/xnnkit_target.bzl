"""Which system is built for: one answer, from the target platform or from the old flags.

The old settings look at --cpu and --crosstool_top alone, and under --platforms the first of them
names the host. Here one rule decides, so no two answers can hold at once.
"""

load("@bazel_skylib//lib:selects.bzl", "selects")

# What the platform's cpu is called in the names of the settings.
_LINUX = {
    "aarch64": "linux_arm64",
    "x86_64": "linux_k8",
}
_ANDROID = {
    "aarch64": "android_arm64",
    "armv7": "android_armv7",
    "x86_32": "android_x86",
    "x86_64": "android_x86_64",
}

# What Bazel calls the machines it runs on: --cpu is the host's when nobody sets it.
_HOSTS = [
    "aarch64",
    "arm64_windows",
    "darwin_arm64",
    "darwin_x86_64",
    "k8",
    "x64_windows",
]

def _target_impl(ctx):
    def has(constraint):
        return ctx.target_platform_has_constraint(constraint[platform_common.ConstraintValueInfo])

    cpus = [name for constraint, name in ctx.attr.cpus.items() if has(constraint)]
    cpu = cpus[0] if cpus else ""
    if ctx.attr.old.startswith("android"):
        value = ctx.attr.old
    elif has(ctx.attr.android):
        value = _ANDROID.get(cpu, "")
    elif ctx.attr.old_is_host and cpu:
        value = _LINUX.get(cpu, "") if has(ctx.attr.linux) else ""
    else:
        # --cpu names another machine than this one, so somebody asked for it.
        value = ctx.attr.old
    return [config_common.FeatureFlagInfo(value = value)]

_target = rule(
    implementation = _target_impl,
    attrs = {
        "android": attr.label(mandatory = True, providers = [platform_common.ConstraintValueInfo]),
        "cpus": attr.label_keyed_string_dict(mandatory = True, providers = [platform_common.ConstraintValueInfo]),
        "linux": attr.label(mandatory = True, providers = [platform_common.ConstraintValueInfo]),
        "old": attr.string(doc = "The setting that holds by the old flags, if any."),
        "old_is_host": attr.bool(doc = "Whether --cpu is the host's."),
    },
)

def target_setting(name, values):
    """A condition on the system built for, by platform or by the old flags.

    Takes the place of config_setting; `target_rule` has to follow.

    Args:
      name: one of the names in this file's tables.
      values: the old flags and their values.
    """
    native.config_setting(
        name = name + "_by_old_flags",
        values = values,
    )
    native.config_setting(
        name = name,
        flag_values = {":target": name},
    )

def target_rule(name):
    """Declares the rule that decides, for all `target_setting`s of the package.

    Args:
      name: has to be "target".
    """
    for cpu in _HOSTS:
        native.config_setting(
            name = "old_cpu_is_host_" + cpu,
            values = {
                "cpu": cpu,
                "host_cpu": cpu,
            },
        )
    old = {":" + name + "_by_old_flags": name for name in list(_LINUX.values()) + list(_ANDROID.values())}
    old["//conditions:default"] = ""
    old_is_host = {":old_cpu_is_host_" + cpu: True for cpu in _HOSTS}
    old_is_host["//conditions:default"] = False
    _target(
        name = name,
        android = "@platforms//os:android",
        cpus = {"@platforms//cpu:" + cpu: cpu for cpu in _ANDROID},
        linux = "@platforms//os:linux",
        old = select(old),
        old_is_host = select(old_is_host),
    )

def android_setting(name, values):
    """A condition that holds for Android on any cpu, by platform or by the old flags.

    Args:
      name: name of the condition.
      values: the old flags and their values.
    """
    native.config_setting(
        name = name + "_by_old_flags",
        values = values,
    )
    native.config_setting(
        name = name + "_by_platform",
        constraint_values = ["@platforms//os:android"],
    )
    selects.config_setting_group(
        name = name,
        match_any = [
            ":" + name + "_by_old_flags",
            ":" + name + "_by_platform",
        ],
    )
