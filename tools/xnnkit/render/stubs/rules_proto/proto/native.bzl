"""What is built into Bazel, under a name that a file can load and give its own name back."""

NativeProtoInfo = ProtoInfo  # buildifier: disable=native-proto-info
