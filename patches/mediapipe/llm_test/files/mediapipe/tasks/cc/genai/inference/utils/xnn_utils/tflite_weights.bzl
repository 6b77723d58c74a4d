"""Whether weights can be read from TFLite files, which brings TensorFlow with it."""

load("@bazel_skylib//rules:common_settings.bzl", "bool_flag")

def tflite_weights_flag():
    """Declares the build flag `with_tflite_weights` of this package, off by default."""
    bool_flag(
        name = "with_tflite_weights",
        build_setting_default = False,
        visibility = ["//visibility:public"],
    )
    native.config_setting(
        name = "tflite_weights_built_in",
        flag_values = {":with_tflite_weights": "true"},
    )

def if_tflite_weights(built_in, otherwise = []):
    """Selects by the flag.

    Args:
      built_in: list for a build that can read TFLite files.
      otherwise: list for one that cannot.

    Returns:
      A select.
    """
    return select({
        ":tflite_weights_built_in": built_in,
        "//conditions:default": otherwise,
    })
