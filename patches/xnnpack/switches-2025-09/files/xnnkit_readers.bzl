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
    # Most read it through microfnptr.h only, which sizes the tables of kernels by it.
    "XNN_ENABLE_KLEIDIAI": [
        "src/configs/argmaxpool-config.c",
        "src/configs/avgpool-config.c",
        "src/configs/binary-elementwise-config.c",
        "src/configs/cmul-config.c",
        "src/configs/conv-hwc2chw-config.c",
        "src/configs/dwconv-config.c",
        "src/configs/dwconv2d-chw-config.c",
        "src/configs/gemm-config.c",
        "src/configs/ibilinear-chw-config.c",
        "src/configs/ibilinear-config.c",
        "src/configs/lut32norm-config.c",
        "src/configs/maxpool-config.c",
        "src/configs/pack-lh-config.c",
        "src/configs/raddstoreexpminusmax-config.c",
        "src/configs/reduce-config.c",
        "src/configs/spmm-config.c",
        "src/configs/transpose-config.c",
        "src/configs/unary-elementwise-config.c",
        "src/configs/unpool-config.c",
        "src/configs/vmulcaddc-config.c",
        "src/configs/x8-lut-config.c",
        "src/configs/xx-fill-config.c",
        "src/configs/xx-pad-config.c",
        "src/indirection.c",
        "src/init.c",
        "src/memory-planner.c",
        "src/microkernel-utils.c",
        "src/operator-delete.c",
        "src/operator-run.c",
        "src/operator-utils.c",
        "src/operators/",
        "src/pack-lh.cc",
        "src/pf16-gemm/",
        "src/pf32-gemm/",
        "src/pqs8-f32-qc8w-igemm/",
        "src/pqs8-qc8w-gemm/",
        "src/qp8-f32-qb4w-gemm/",
        "src/qp8-f32-qc4w-gemm/",
        "src/qp8-f32-qc8w-gemm/",
        "src/reference/",
        "src/runtime.c",
        "src/subgraph.c",
        "src/subgraph/",
        "src/tensor.c",
        "src/x16-pack-lh/",
        "src/x32-pack-lh/",
        "src/x8-pack-lh/",
        "src/x8-packq/",
    ],
}
