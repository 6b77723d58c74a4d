"""Well-known rules and tags: which of their attributes bring something, and which pin it."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """What is known of a rule or of a tag of a module extension.

    Attributes:
        urls: attributes with the addresses of its file or repository.
        pins: attributes that say which bytes are meant.
        refs: attributes that name something that can be moved.
        registries: attributes with addresses at which things are looked up by name.
        locks: attributes that name a file with the hashes.
        versions: attributes with versions, or artifacts with a version each.
        pinned_by: "hash", "lock", or "" where something else pins it.
    """

    urls: tuple[str, ...] = ()
    pins: tuple[str, ...] = ()
    refs: tuple[str, ...] = ("tag", "branch")
    registries: tuple[str, ...] = ()
    locks: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    pinned_by: str = "hash"


_ARCHIVE = Rule(("urls", "url"), ("sha256", "integrity"))
_GIT = Rule(("remote",), ("commit",))
_GO = Rule(("urls", "remote"), ("sum", "commit", "sha256"), ("tag", "version"))
_IMAGE = Rule((), ("digest",), ("tag",))
_JAR = Rule(("jar_urls", "urls"), ("jar_sha256", "artifact_sha256", "sha256"))
_MAVEN = Rule(
    registries=("repositories",),
    locks=("maven_install_json", "lock_file"),
    versions=("artifacts", "boms"),
    pinned_by="lock",
)
_PIP = Rule(
    registries=("extra_pip_args", "experimental_index_url", "experimental_extra_index_urls"),
    locks=(
        *("requirements_lock", "requirements_linux", "requirements_darwin"),
        *("requirements_windows", "requirements_by_platform", "requirements"),
    ),
    pinned_by="lock",
)
_REGISTRY = Rule(registries=("registry",), pinned_by="")

RULES = {
    "archive_override": _ARCHIVE,
    "http_archive": _ARCHIVE,
    "http_file": _ARCHIVE,
    "http_jar": _ARCHIVE,
    "git_override": _GIT,
    "git_repository": _GIT,
    "new_git_repository": _GIT,
    "go_repository": _GO,
    "go_deps.module": _GO,
    "container_pull": _IMAGE,
    "oci_pull": _IMAGE,
    "oci.pull": _IMAGE,
    "java_import_external": _JAR,
    "jvm_import_external": _JAR,
    "jvm_maven_import_external": Rule(
        (), ("artifact_sha256", "jar_sha256"), (), ("server_urls",), versions=("artifact",)
    ),
    "maven_jar": Rule(
        (), ("sha256", "artifact_sha256"), (), ("repository",), versions=("artifact",)
    ),
    "maven_install": _MAVEN,
    "maven.install": _MAVEN,
    "maven.artifact": Rule(pinned_by=""),
    "pip_parse": _PIP,
    "pip_install": _PIP,
    "pip.parse": _PIP,
    "single_version_override": _REGISTRY,
    "multiple_version_override": _REGISTRY,
}
"""By name; a tag is ``EXTENSION.TAG``, whatever variable holds the extension."""

OTHER = Rule(
    ("urls", "url", "remote", "location"),
    ("sha256", "integrity", "sha", "checksum", "hash", "sha512", "digest", "commit"),
)
"""Any other rule: what attributes of these names mean elsewhere."""

DOWNLOAD = Rule(("url",), ("sha256", "integrity"), ())
"""``rctx.download`` and ``rctx.download_and_extract``."""

BRING_NOTHING = frozenset(
    (
        *("Label", "aspect", "attr", "bazel_dep", "bind", "bool", "config_setting", "depset"),
        *(
            "dict",
            "enumerate",
            "exports_files",
            "fail",
            "flag_alias",
            "format",
            "getattr",
            "hasattr",
        ),
        *("include", "inject_repo", "int", "len", "licenses", "list", "load"),
        *("local_path_override", "local_repository", "module", "module_extension"),
        *("new_local_repository", "override_repo", "package", "package_group", "print"),
        *("provider", "range", "register_execution_platforms", "register_toolchains"),
        *("repository_rule", "rule", "select", "set", "sorted", "str", "struct", "tag_class"),
        *("tuple", "type", "use_extension", "use_repo", "use_repo_rule", "workspace", "zip"),
    )
)
"""Functions whose addresses are words, or belong to something that is judged elsewhere."""

FAMILY = re.compile(r"(?P<prefix>(?:\w+_)?)urls?")
"""``jar_urls`` has its hash in ``jar_sha256`` or ``jar_integrity``."""

FAMILIES = ("jar_", "srcjar_", "artifact_", "remote_file_", "remote_module_file_")
"""Those that bring a file even if no hash is given."""

COMMANDS = ("patch_cmds", "patch_cmds_win")
"""Attributes with commands that are run in what was fetched."""

PROSE = re.compile(
    r"(?:.*_)?(?:about|authors?|canonical_id|comment|deprecat\w+|description|docs?|documentation"
    r"|help|homepage|licen[cs]es?|message|notes?|purl|summary|tags|title|visibility|website"
    r"|(?:doc|docs|homepage|info|issue|issues|licen[cs]e|project|scm|source|tracker|web)_urls?)"
)
"""Attributes whose addresses are for people."""

HINTS = re.compile(
    r"(?:.*_)?(?:artifacts?|branch|checksum|commit|digest|git|image|integrity|registry|remote"
    r"|repositories|rev|revision|sha|sha256|tag)"
)
"""Attributes of what brings something, in rules that nobody knows."""

MUTATORS = (
    *("append", "clear", "extend", "insert", "pop", "popitem", "remove", "setdefault", "update"),
)
"""Methods that change a list or a dict."""


def floating(version: str) -> bool:
    """Tell whether a version is another one tomorrow, as Maven and Go understand it."""
    word = version.strip()
    return (
        word.upper() in ("LATEST", "RELEASE", "HEAD", "MAIN", "MASTER", "NIGHTLY")
        or word.lower().startswith("latest.")
        or word.endswith(("+", "-SNAPSHOT"))
        or (word[:1] in ("[", "(") and "," in word)
    )
