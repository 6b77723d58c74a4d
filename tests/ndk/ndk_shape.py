"""A tree with the names of an Android NDK and nothing in them: enough for loading and analysis.

It is not an NDK and holds nothing of Google's. `assemble.py` makes one that compiles.
"""

from __future__ import annotations

from pathlib import Path

PREBUILT = "toolchains/llvm/prebuilt/linux-x86_64"
LIBRARIES = "sysroot/usr/lib/aarch64-linux-android"
TOOLS = ("clang", "clang++", "ld.lld", "llvm-ar", "llvm-nm", "llvm-objcopy", "llvm-objdump")
R26D = "26.3.11579264"


def write(
    root: Path,
    *,
    revision: str = R26D,
    levels: tuple[int, ...] = (21, 30),
    resources: str = "lib/clang/17",
) -> Path:
    """Write the tree into ``root`` and return it.

    Args:
        root: a folder that need not exist.
        revision: Pkg.Revision of its source.properties.
        levels: the API levels its sysroot has.
        resources: clang's resource folder, relative to the LLVM toolchain's.
    """
    files = {
        f"{PREBUILT}/{resources}/include/stddef.h": "",
        f"{PREBUILT}/{resources}/lib/linux/aarch64/libunwind.a": "!<arch>\n",
        f"{PREBUILT}/{resources}/lib/linux/libclang_rt.builtins-aarch64-android.a": "!<arch>\n",
        f"{PREBUILT}/sysroot/usr/include/stdio.h": "",
        f"{PREBUILT}/sysroot/usr/include/c++/v1/vector": "",
        f"{PREBUILT}/sysroot/usr/include/aarch64-linux-android/asm/types.h": "",
        f"{PREBUILT}/sysroot/usr/include/x86_64-linux-android/asm/types.h": "",
        f"{PREBUILT}/{LIBRARIES}/libc++_static.a": "!<arch>\n",
        f"{PREBUILT}/{LIBRARIES}/libc++abi.a": "!<arch>\n",
        "source.properties": f"Pkg.Desc = NDK-shaped tree of xnnkit\nPkg.Revision = {revision}\n",
    }
    for level in levels:
        for name in ("crtbegin_dynamic.o", "crtend_android.o", "libc.so", "libm.so", "libc++.a"):
            files[f"{PREBUILT}/{LIBRARIES}/{level}/{name}"] = ""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (root / PREBUILT / "bin").mkdir()
    for name in TOOLS:
        tool = root / PREBUILT / "bin" / name
        tool.write_text("#!/bin/sh\nexit 1\n")
        tool.chmod(0o755)
    (root / PREBUILT / "bin/llvm-strip").symlink_to("llvm-objcopy")
    return root
