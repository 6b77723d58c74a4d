"""What MediaPipe's mediapipe_graph.bzl loads. Its targets can be declared; built, they say what is missing."""

def _absent_impl(ctx):
    fail("{}: no TensorFlow in this workspace; @org_tensorflow stands for load() only".format(ctx.label))

_absent = rule(implementation = _absent_impl)

def cc_library_with_tflite(name, tags = [], testonly = False, visibility = None, **_kwargs):
    """Declares a target that cannot be built.

    Args:
      name: its name.
      tags: its tags; "manual" is added, so that wildcards leave it out.
      testonly: as in any rule.
      visibility: as in any rule.
      **_kwargs: whatever the real rule takes.
    """
    _absent(
        name = name,
        tags = tags + ["manual"],
        testonly = testonly,
        visibility = visibility,
    )
