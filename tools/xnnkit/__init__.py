"""xnnkit: build MediaPipe's LLM benchmark with either XNNPACK, prove it, run it, compare it.

The package is a pipeline; each room's output is a file a person can open:
profile -> archives -> patches -> render -> bazel -> elf -> device -> bench -> report.
"""

__version__ = "0.1.0"
