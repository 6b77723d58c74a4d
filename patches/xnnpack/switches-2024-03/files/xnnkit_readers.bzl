"""Which source reads which of the macros that flavours differ in.

Only these are compiled with them, so that every other compile action is the same in every flavour.
A source that read a macro and were missing here would silently take it for 0: xnnkit's tests search
the tree for such a source.
"""

# Macro -> sources; a folder, with a slash at its end, stands for all of its sources.
READERS = {
    "XNN_ENABLE_ARM_I8MM": [
        "src/configs/gemm-config.c",
    ],
}
