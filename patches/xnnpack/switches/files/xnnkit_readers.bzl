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
    "XNN_ENABLE_KLEIDIAI": [
        "src/configs/gemm-config.c",
        "src/configs/pack-lh-config.c",
        "src/configs/unary-elementwise-config.c",
        "src/pf32-gemm/",
        "src/qp8-f32-qb4w-gemm/",
        "src/qp8-f32-qc4w-gemm/",
        "src/reference/packing.cc",
        "src/x32-pack-lh/",
        "src/x8-packq/x8-packq-aarch64-neon-f32qp8-u2.c",
    ],
}
