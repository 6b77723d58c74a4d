"""The module extension behind //rules/archive:extensions.bzl."""

load(":alias_repository.bzl", "alias_repository", "stub_repository")
load(":archive_repository.bzl", "archive", "origin")

_archive_tag = tag_class(
    doc = "One repository. Its origins are separate tags, tried in the order they stand in.",
    attrs = {
        "name": attr.string(mandatory = True, doc = "The repository's name."),
        "tree": attr.string(doc = "The git tree id of the unpatched content, for the reader; checked by `xnnkit verify`."),
        "overlays": attr.label_keyed_string_dict(
            allow_files = True,
            doc = "File -> path it is written to inside the repository, after unpacking.",
        ),
        "patches": attr.label_list(allow_files = True, doc = "Unified diffs, applied with -p1 in order."),
        "flavour_switches": attr.string_list_dict(doc = "Flavour (\"\" for none chosen) -> SWITCH=true|false."),
    },
)

_alias_tag = tag_class(
    doc = "A repository whose targets stand for another's, chosen by //rules/flavour.",
    attrs = {
        "name": attr.string(mandatory = True, doc = "The repository's name."),
        "targets": attr.string_list(mandatory = True, doc = "Names of targets in its root package."),
        "actual": attr.string_dict(doc = "Flavour -> archive."),
        "default": attr.string(mandatory = True, doc = "The archive when no flavour is chosen."),
    },
)

_stub_tag = tag_class(
    doc = "A repository that is only named in load().",
    attrs = {
        "name": attr.string(mandatory = True, doc = "The repository's name."),
        "overlays": attr.label_keyed_string_dict(allow_files = True, mandatory = True, doc = "File -> path inside the repository."),
    },
)

_origin_tag = tag_class(
    doc = "One place that an archive can come from.",
    attrs = {
        "archive": attr.string(mandatory = True, doc = "The archive's name."),
        "type": attr.string(mandatory = True, values = ["http", "git", "debian", "pypi"]),
        "location": attr.string(mandatory = True, doc = "http: the URL; debian: the pool path; git: OWNER/NAME; pypi: PACKAGE==VERSION."),
        "filename": attr.string(mandatory = True, doc = "The file's name in a distdir."),
        "format": attr.string(mandatory = True, values = ["tar.gz", "tar.xz", "zip", "deb", "whl"]),
        "sha256": attr.string(mandatory = True),
        "strip_prefix": attr.string(),
        "prebuilt": attr.bool(doc = "Binaries, not source: no tree can be checked."),
        "overlays": attr.label_keyed_string_dict(
            allow_files = True,
            doc = "As the archive's, for this origin only; replaces the archive's overlays.",
        ),
    },
)

def _archives_impl(module_ctx):
    origins = {}
    overlays = {}
    for module in module_ctx.modules:
        for tag in module.tags.origin:
            index = len(origins.setdefault(tag.archive, []))
            origins[tag.archive].append(origin(
                type = tag.type,
                location = tag.location,
                filename = tag.filename,
                format = tag.format,
                sha256 = tag.sha256,
                strip_prefix = tag.strip_prefix,
                prebuilt = tag.prebuilt,
            ))
            for label, path in tag.overlays.items():
                overlays.setdefault(tag.archive, {})[label] = "{}={}".format(index, path)
    for module in module_ctx.modules:
        for tag in module.tags.archive:
            if tag.name not in origins:
                fail("archive {} has no origin: add archives.origin(archive = \"{}\", ...) in MODULE.bazel of {}".format(
                    tag.name,
                    tag.name,
                    module.name or "the root module",
                ))
            archive(
                name = tag.name,
                origins = origins[tag.name],
                tree = tag.tree,
                overlays = tag.overlays,
                origin_overlays = overlays.get(tag.name, {}),
                patches = tag.patches,
                flavour_switches = tag.flavour_switches,
            )
        for tag in module.tags.alias:
            alias_repository(name = tag.name, targets = tag.targets, actual = tag.actual, default = tag.default)
        for tag in module.tags.stub:
            stub_repository(name = tag.name, overlays = tag.overlays)

archives = module_extension(
    doc = "Declares archives: repositories that several origins can serve.",
    implementation = _archives_impl,
    tag_classes = {
        "alias": _alias_tag,
        "archive": _archive_tag,
        "origin": _origin_tag,
        "stub": _stub_tag,
    },
)
