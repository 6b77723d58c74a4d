"""Say where a binary comes from, in forms that other tools read, and check what somebody says.

``record`` is what a build was made of; ``collect`` makes it from this machine's files when a build
ends, and ``build.json`` keeps it. ``statement`` writes it as an in-toto statement, ``read`` takes
one that anybody may have written, ``facts`` takes both apart, ``here`` finds the same facts on
this machine now, and ``verify`` compares. ``dsse`` is what signers sign. ``sbom`` and
``components`` make the bill of materials (CycloneDX) of a profile and of what is ``known`` of its
build.

Nothing here builds, runs or signs. Nothing fetches, but for a bill of what is not built.
"""
