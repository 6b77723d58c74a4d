"""How repository rules read a file without Bazel watching it, in every Bazel that can read one."""

def unwatched(rctx):
    """Returns the arguments by which read() and readdir() do not watch what they read.

    Bazel has them since 7.1, which brought the watching; 6 and 7.0 know neither.

    Args:
      rctx: the repository context.

    Returns:
      A dict for `**`.
    """
    return {"watch": "no"} if hasattr(rctx, "watch") else {}
