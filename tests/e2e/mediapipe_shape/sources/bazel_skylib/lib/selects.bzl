"""As much of selects as a miniature needs: conditions of which one must hold."""

def _config_setting_group(name, match_any, visibility = None):
    for number, condition in enumerate(match_any):
        last = number == len(match_any) - 1
        native.alias(
            name = "{}_{}".format(name, number) if number else name,
            actual = condition if last else select({
                condition: condition,
                "//conditions:default": ":{}_{}".format(name, number + 1),
            }),
            visibility = visibility,
        )

selects = struct(config_setting_group = _config_setting_group)
