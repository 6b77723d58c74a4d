"""The module extension behind //rules/toolchains/ndk:extensions.bzl."""

load(":archive_repository.bzl", "origin")
load(":ndk_release.bzl", "check_api_level", "check_release")
load(":ndk_repository.bzl", "ndk_repository", "ndk_toolchains")

_API_LEVEL = attr.int(default = 30, doc = "The oldest Android that binaries run on, 21 to 35.")

_release_tag = tag_class(
    doc = "A pinned release; its archive comes from the first of `ndk.origin` that can be had.",
    attrs = {
        "version": attr.string(mandatory = True, doc = "Such as r26d."),
        "api_level": _API_LEVEL,
        "accept_licence": attr.bool(doc = "You accept https://developer.android.com/studio/terms."),
    },
)

_origin_tag = tag_class(
    doc = "One place that the NDK's archive can come from.",
    attrs = {
        "type": attr.string(mandatory = True, values = ["http"]),
        "location": attr.string(mandatory = True, doc = "The URL."),
        "filename": attr.string(mandatory = True),
        "format": attr.string(mandatory = True, values = ["zip"]),
        "sha256": attr.string(mandatory = True),
        "strip_prefix": attr.string(),
    },
)

_local_tag = tag_class(
    doc = "An NDK that is installed; whoever installed it accepted its licence.",
    attrs = {
        "path": attr.string(doc = "Its absolute path; \"\" for ANDROID_NDK_HOME."),
        "api_level": _API_LEVEL,
    },
)

def _ndk_impl(module_ctx):
    for module in module_ctx.modules:
        # The root module comes first and decides alone, as for zig.
        tags = module.tags
        if len(tags.release) + len(tags.local) > 1:
            fail("{}: one ndk.release or one ndk.local, not several: a workspace has one NDK".format(module.name or "the root module"))
        for tag in tags.release:
            check_release(tag.version)
            check_api_level(tag.api_level)
            if not tags.origin:
                fail("ndk.release(version = {}) has no origin: add ndk.origin(type = \"http\", ...); `xnnkit lock ndk {}` prints what belongs there".format(repr(tag.version), tag.version))
            ndk_repository(
                name = "ndk",
                accept_licence = tag.accept_licence,
                api_level = tag.api_level,
                origins = [origin(
                    type = one.type,
                    location = one.location,
                    filename = one.filename,
                    format = one.format,
                    sha256 = one.sha256,
                    strip_prefix = one.strip_prefix,
                ) for one in tags.origin],
                version = tag.version,
            )
        for tag in tags.local:
            check_api_level(tag.api_level)
            ndk_repository(name = "ndk", api_level = tag.api_level, path = tag.path)
        if tags.release or tags.local:
            ndk_toolchains(name = "ndk_toolchains")
            return
    fail("no NDK is declared: add ndk.release(version = \"r26d\", ...) with ndk.origin(...), or ndk.local(), to MODULE.bazel")

ndk = module_extension(
    doc = "Declares @ndk and @ndk_toolchains; register `@ndk_toolchains//:all`.",
    implementation = _ndk_impl,
    tag_classes = {"local": _local_tag, "origin": _origin_tag, "release": _release_tag},
)
