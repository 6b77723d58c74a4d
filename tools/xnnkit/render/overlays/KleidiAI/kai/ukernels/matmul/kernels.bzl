"""One library of kernels for one instruction set."""

def kernels(name, march, srcs):
    """Compiles kernels for an instruction set that the rest of the program does not assume.

    Args:
      name: the library's name.
      march: the value of -march.
      srcs: C files.
    """
    native.cc_library(
        name = name,
        srcs = srcs,
        hdrs = native.glob(["**/*.h"]),
        copts = ["-std=c99", "-march=" + march],
        deps = ["//:common"],
    )
