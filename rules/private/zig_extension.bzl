"""The module extension behind //rules/toolchains/zig:extensions.bzl."""

load(":archive_repository.bzl", "origin")
load(":profile_extension.bzl", "origins_of", "read_profile")
load(":zig_repository.bzl", "TARGETS", "zig_repository", "zig_toolchains")
load(":zig_sysroot.bzl", "zig_sysroot")

_origin_tag = tag_class(
    doc = "One place that the zig release can come from; the first that can be had is taken.",
    attrs = {
        "type": attr.string(mandatory = True, values = ["http", "pypi"]),
        "location": attr.string(mandatory = True, doc = "http: the URL; pypi: PACKAGE==VERSION."),
        "filename": attr.string(mandatory = True),
        "format": attr.string(mandatory = True, values = ["tar.xz", "whl"]),
        "sha256": attr.string(mandatory = True),
        "strip_prefix": attr.string(),
    },
)

_use_tag = tag_class(
    doc = "The origins that a rendered profile pins.",
    attrs = {"profile": attr.label(mandatory = True, doc = "The label of profile.json.")},
)

def _zig_impl(module_ctx):
    origins = []
    for module in module_ctx.modules:
        # The root module decides alone; two modules with different zigs would be two toolchains.
        if module.tags.origin and not origins:
            origins = [origin(
                type = tag.type,
                location = tag.location,
                filename = tag.filename,
                format = tag.format,
                sha256 = tag.sha256,
                strip_prefix = tag.strip_prefix,
            ) for tag in module.tags.origin]
        for tag in module.tags.use:
            origins = origins or origins_of(read_profile(module_ctx, tag.profile)["toolchains"]["zig"])
    if not origins:
        fail("zig has no origin: add zig.use(profile = \"//...:profile.json\") or zig.origin(type = \"http\", ...) to MODULE.bazel")
    zig_repository(name = "zig", origins = origins)
    for target in TARGETS:
        zig_sysroot(name = "zig_sysroot_" + target, target = target)
    zig_toolchains(name = "zig_toolchains")

zig = module_extension(
    doc = "Declares @zig, its sysroots and @zig_toolchains; register `@zig_toolchains//:all`.",
    implementation = _zig_impl,
    tag_classes = {
        "origin": _origin_tag,
        "use": _use_tag,
    },
)
