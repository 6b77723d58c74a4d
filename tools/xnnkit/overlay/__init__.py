"""``xnnkit overlay``: MediaPipe's own checkout, made to build llm_test with the pinned closure.

Belongs here: ``checkout`` (what git says of the directory), ``plan`` (which files with which
bytes), ``rc`` (marked blocks in files of the user's), ``record`` (what was written and what was
there before) and ``apply`` (write, switch, undo). The steps before, fetching and rendering the
archives' patches, are those of ``xnnkit.build.prepare``.
"""
