"""No Python: MediaPipe's macros call this for every .proto, and nothing builds what it would define."""

def py_proto_library(**_kwargs):
    """Defines nothing.

    Args:
      **_kwargs: as upstream's.
    """
