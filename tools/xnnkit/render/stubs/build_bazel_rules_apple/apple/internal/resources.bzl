"""What MediaPipe's metal.bzl loads; only a Metal library, which is never built here, looks into it."""

resources = struct()
