"""A Docker build context from a profile: the Dockerfile, what it copies, and how it is used.

``image`` says what is asked for and refuses what cannot be, ``context`` plans the files, ``inside``
runs in the image and makes Debian's Bazel usable there.
"""
