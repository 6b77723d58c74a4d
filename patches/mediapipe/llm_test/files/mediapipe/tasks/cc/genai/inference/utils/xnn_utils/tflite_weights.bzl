"""Whether weights can be read from TFLite files, which brings TensorFlow with it."""

load("@bazel_skylib//rules:common_settings.bzl", "bool_flag")

def tflite_weights_flag(name):
    """Declares the build flag, off by default, and the condition that it is on.

    Args:
      name: name of the flag; `if_tflite_weights` expects "with_tflite_weights".
    """
    bool_flag(
        name = name,
        build_setting_default = False,
        visibility = ["//visibility:public"],
    )
    native.config_setting(
        name = name + "_on",
        flag_values = {":" + name: "true"},
    )

def if_tflite_weights(built_in, otherwise = []):
    """Selects by the flag of the same package.

    Args:
      built_in: list for a build that can read TFLite files.
      otherwise: list for one that cannot.

    Returns:
      A select.
    """
    return select({
        ":with_tflite_weights_on": built_in,
        "//conditions:default": otherwise,
    })
