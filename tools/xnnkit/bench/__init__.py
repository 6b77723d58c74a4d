"""Benchmark results: read them, make them, keep them, compare them (docs/compare.md).

Belongs here: Google Benchmark's JSON (``results``), a run with its identity and its file
(``runs``), making runs of a build on a device (``execute``), the statistics (``stats``,
``mannwhitney``), which runs may be compared (``sides``), the comparison (``compare``) and its
verdicts (``verdict``), and text (``table``, ``show``). Devices are another room's business.
"""
