"""Records of builds that were never made, for hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st
from xnnkit.provenance.record import (
    ArchiveRecord,
    Compiler,
    FlavourRecord,
    LinkRecord,
    PatchRecord,
    Record,
    RuleSetRecord,
)

HEX = "0123456789abcdef"
sha256s = st.text(HEX, min_size=64, max_size=64)
git_ids = st.text(HEX, min_size=40, max_size=40)
names = st.from_regex(r"[a-z0-9]+(-[a-z0-9]+){0,2}", fullmatch=True)
repositories = st.from_regex(r"[A-Za-z][A-Za-z0-9_.-]{0,10}", fullmatch=True)
patch_sets = st.from_regex(r"[a-z0-9][a-z0-9_.-]{0,6}/[a-z0-9][a-z0-9_.-]{0,6}", fullmatch=True)
# Whatever a file system and a command line can hold, in any script.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
parts = st.text(
    st.characters(exclude_categories=["C", "Z"], exclude_characters="/"), min_size=1, max_size=8
).filter(lambda part: part not in (".", "..") and part.isprintable())
paths = st.lists(parts, min_size=1, max_size=3).map("/".join)
files = st.dictionaries(paths, sha256s, max_size=4)


@st.composite
def archives(draw: st.DrawFn) -> ArchiveRecord:
    kind = draw(st.sampled_from(["archive", "toolchain"]))
    return ArchiveRecord(
        name=draw(repositories),
        kind=kind,  # type: ignore[arg-type]
        origin=draw(st.sampled_from(["http", "git", "debian", "pypi"])),  # type: ignore[arg-type]
        uri=draw(texts),
        sha256=draw(sha256s),
        size=draw(st.integers(1, 1 << 40)),
        commit=draw(st.none() | git_ids),
        tree=draw(st.none() | git_ids),
        prebuilt=draw(st.booleans()),
        accepted_by_tree=draw(st.booleans()),
    )


several_archives = st.lists(archives(), max_size=4, unique_by=lambda a: (a.kind, a.name))
flavours = st.builds(
    FlavourRecord,
    name=names,
    archives=st.dictionaries(repositories, repositories, max_size=2),
    patch_sets=st.lists(patch_sets, max_size=2).map(tuple),
    switches=st.dictionaries(texts, st.booleans(), max_size=2),
)
patches = st.builds(
    PatchRecord,
    repository=repositories,
    patch_set=patch_sets,
    path=paths,
    sha256=sha256s,
    files=files,
)
links = st.builds(
    LinkRecord,
    target=sha256s,
    leads_to=st.sampled_from(["file", "folder", "nothing", "other"]),
    content=st.none() | sha256s,
)
rule_sets = st.builds(
    RuleSetRecord,
    name=st.from_regex(r"[a-z][a-z0-9._-]{0,9}", fullmatch=True),
    version=st.from_regex(r"[A-Za-z0-9.+_-]{0,9}", fullmatch=True),
    dir_hash=sha256s,
)
records = st.builds(
    Record,
    profile=names,
    profile_parts=st.dictionaries(texts, sha256s, max_size=3),
    flavours=st.lists(flavours, max_size=3, unique_by=lambda f: f.name).map(tuple),
    layout=st.sampled_from(["module", "workspace"]),
    compiler=st.builds(
        Compiler,
        name=st.sampled_from(["zig", "ndk"]),
        version=texts,
        revision=texts,
        api_level=st.none() | st.integers(0, 99),
    ),
    bazel_options=st.lists(texts, max_size=3).map(tuple),
    outside_rc_files=st.integers(0, 3),
    optimization=texts,
    settings=st.lists(texts, max_size=3).map(tuple),
    bazel=texts,
    bazel_server=st.none() | sha256s,
    rule_sets=st.lists(rule_sets, max_size=3, unique_by=lambda r: r.key).map(tuple),
    xnnkit=texts,
    xnnkit_parts=st.dictionaries(texts, sha256s, max_size=3),
    archives=several_archives.map(tuple),
    patches=st.lists(patches, max_size=3, unique_by=lambda p: (p.repository, p.patch_set)).map(
        tuple
    ),
    workspace=files,
    links=st.dictionaries(paths, links, max_size=2),
    subjects=st.dictionaries(paths, sha256s, min_size=1, max_size=3),
)
