"""Say where a binary comes from, in forms that other tools read.

Belongs here: the software bill of materials (CycloneDX) and the build's provenance statement, both
rendered from a profile and a build's manifest, and their checks. Nothing here fetches, builds or
runs; what was verified is read from ``build.json``.
"""
