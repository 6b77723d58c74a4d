"""As much of the build settings as xnnkit's rules load."""

BuildSettingInfo = provider(doc = "A setting's value.", fields = ["value"])

def _impl(ctx):
    return [BuildSettingInfo(value = ctx.build_setting_value)]

bool_flag = rule(
    implementation = _impl,
    build_setting = config.bool(flag = True),
)

string_flag = rule(
    implementation = _impl,
    build_setting = config.string(flag = True),
    attrs = {"values": attr.string_list()},
)
