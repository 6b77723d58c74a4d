"""Archives: get every pinned file, and prove that it is the pinned one.

``fetch`` looks in the cache, in ``--distdir`` folders, then asks each origin; ``verify`` checks
what is there; ``mirror`` makes the hosts' archives again from clones. A file is proved twice: by
the sha256 of its bytes and by the git tree id of what is inside.

Belongs here: the content-addressed ``cache``, safe ``unpack``-ing, git ``tree`` ids, one module an
origin under ``origins/``. Nothing here knows what an archive is for.
"""
