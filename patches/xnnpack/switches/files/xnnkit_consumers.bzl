"""What XNNPACK's own tests and benchmarks are built with besides: they may read any macro."""

load("//:xnnkit_split.bzl", "switch_defines")

_PACKAGES = ["bench", "test"]

def _is_consumer():
    folders = native.package_name().split("/")
    return len([p for p in _PACKAGES if p in folders]) > 0

def consumer_defines():
    """What XNNPACK's own tests and benchmarks are compiled with besides; nothing elsewhere.

    Returns:
      A list, perhaps with selects.
    """
    return switch_defines() if _is_consumer() else []

def consumer_deps(kleidiai):
    """What XNNPACK's own benchmarks include besides; nothing elsewhere.

    Args:
      kleidiai: the list, with its select, that turns KleidiAI on and off.

    Returns:
      A list, perhaps with selects.
    """
    return kleidiai if _is_consumer() else []
