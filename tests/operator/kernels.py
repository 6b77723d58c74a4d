"""What a run of operator_check may enter: stock kernels, and those of the patch set."""

STOCK = "xnn_qd8_f32_qc?w_gemm_minmax_ukernel_*"
KLEIDIAI = ("xnn_kleidiai_qd8_f32_qc?w_gemm_*", "kai_run_*")
OFF = {"XNNPACK_KLEIDIAI": "0"}
"""The environment in which the patch set's path is not taken."""
