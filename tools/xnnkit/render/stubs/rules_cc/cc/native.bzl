"""What is built into Bazel, under names that a file can load and give their own names back."""

NativeCcInfo = CcInfo  # buildifier: disable=native-cc-info
native_cc_common = cc_common  # buildifier: disable=native-cc-common
