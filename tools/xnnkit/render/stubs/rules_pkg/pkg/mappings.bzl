"""What protobuf's packages load to list the files of its releases, which nothing here makes."""

def pkg_attributes(**_kwargs):
    """Describes nothing.

    Args:
      **_kwargs: whatever the real function takes.
    """

def pkg_files(name, **_kwargs):
    """Declares a target without files: other packages of protobuf name it, and none is built.

    Args:
      name: its name.
      **_kwargs: whatever the real macro takes.
    """
    native.filegroup(name = name, tags = ["manual"])

def _unchanged(_path = ""):
    return None

strip_prefix = struct(
    files_only = _unchanged,
    from_pkg = _unchanged,
    from_root = _unchanged,
)
