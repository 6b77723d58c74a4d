"""What MediaPipe's build_config.bzl loads. Its targets can be declared; built, they say what is missing."""

def _absent_impl(ctx):
    fail("{}: no TypeScript in this workspace; @npm stands for load() only".format(ctx.label))

_absent = rule(implementation = _absent_impl)

def ts_project(name, tags = [], testonly = False, visibility = None, **_kwargs):
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
