"""What MediaPipe's metal.bzl loads: the attributes of its rule; the rest only a Metal library needs."""

def _action_required_attrs():
    return {}

apple_support = struct(action_required_attrs = _action_required_attrs)
