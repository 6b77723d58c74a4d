"""The repositories of the NDK toolchain: the NDK itself, and the toolchain that names it.

They are apart so that registering the toolchain downloads nothing: who builds with zig needs no
NDK, and whoever has not accepted Google's licence is only told so when a build really wants it.
"""

load(":archive_repository.bzl", "download_first", "unpack")
load(":ndk_release.bzl", "check_api_level", "check_revision", "read_revision")
load(":watch.bzl", "unwatched")

_PREBUILT = "toolchains/llvm/prebuilt/linux-x86_64"

_LICENCE_VARIABLE = "XNNKIT_ACCEPT_ANDROID_SDK_LICENSE"

# bionic has these in libc; programs still ask for them by name.
_EMPTY_LIBRARIES = ["pthread", "rt"]

_BUILD = """\"\"\"Android NDK {revision}: clang, lld, bionic and libc++, and a cc_toolchain for arm64.\"\"\"

load("{cc_toolchain}", "ndk_cc_toolchain")

package(default_visibility = ["//visibility:public"])

exports_files(["source.properties"])

filegroup(
    name = "empty",
    srcs = [],
)

filegroup(
    name = "compiler",
    srcs = glob(
        [
            "{prebuilt}/bin/clang",
            "{prebuilt}/bin/clang++",
            # clang is a link to one of these.
            "{prebuilt}/bin/clang-1*",
            "{prebuilt}/bin/clang-2*",
        ],
        allow_empty = True,
    ) + [":shared"],
)

filegroup(
    name = "headers",
    srcs = glob(
        [
            "{resources}/include/**",
            "{prebuilt}/sysroot/usr/include/**",
        ],
        exclude = [
            "{prebuilt}/sysroot/usr/include/arm-linux-androideabi/**",
            "{prebuilt}/sysroot/usr/include/i686-linux-android/**",
            "{prebuilt}/sysroot/usr/include/riscv64-linux-android/**",
            "{prebuilt}/sysroot/usr/include/x86_64-linux-android/**",
        ],
    ),
)

filegroup(
    name = "archiver",
    srcs = ["{prebuilt}/bin/llvm-ar", ":shared"],
)

filegroup(
    name = "objcopy",
    srcs = ["{prebuilt}/bin/llvm-objcopy", "{prebuilt}/bin/llvm-strip", ":shared"],
)

# What the tools' own binaries load.
filegroup(
    name = "shared",
    srcs = glob(
        [
            "{prebuilt}/lib/*.so*",
            "{prebuilt}/lib/x86_64-unknown-linux-gnu/*.so*",
            "{prebuilt}/lib64/*.so*",
        ],
        allow_empty = True,
    ),
)

filegroup(
    name = "compiler_files",
    srcs = [":compiler", ":headers"],
)

filegroup(
    name = "linker_files",
    srcs = [":compiler"] + glob([
        "{prebuilt}/bin/ld.lld",
        "{prebuilt}/bin/lld",
        "{prebuilt}/sysroot/usr/lib/aarch64-linux-android/*.*",
        "{prebuilt}/sysroot/usr/lib/aarch64-linux-android/{api_level}/*",
        "{resources}/lib/linux/aarch64/*.a",
        "{resources}/lib/linux/libclang_rt.builtins-aarch64-android.a",
        "empty/*",
    ], allow_empty = True),
)

filegroup(
    name = "all_files",
    srcs = [":archiver", ":compiler_files", ":linker_files", ":objcopy"],
)

ndk_cc_toolchain(
    name = "aarch64",
    api_level = {api_level},
    clang_major = {clang_major},
    prebuilt = "{prebuilt}",
    resources = "{resources}",
)

# For the flags from before platforms: --crosstool_top=@ndk//:crosstool --cpu=arm64-v8a
cc_toolchain_suite(
    name = "crosstool",
    toolchains = {{
        "arm64-v8a": ":aarch64",
        "arm64-v8a|clang": ":aarch64",
    }},
)
"""

def _accepted(rctx):
    return rctx.attr.accept_licence or rctx.os.environ.get(_LICENCE_VARIABLE, "") in ["1", "true", "yes"]

def _refuse_without_licence(rctx):
    if not _accepted(rctx):
        fail("""
the Android NDK {version} is not downloaded: its licence has not been accepted
  where: https://developer.android.com/studio/terms (Android Software Development Kit License Agreement)
  why: Google gives the NDK under that agreement, and nobody can accept it for you
  fix: read it; if you accept, type one of
       export {variable}=1
       common --repo_env={variable}=1      (in .bazelrc or user.bazelrc)
       ndk.release(..., accept_licence = True)     (in MODULE.bazel)
       or build with the zig toolchain, which needs no licence""".format(
            version = rctx.attr.version,
            variable = _LICENCE_VARIABLE,
        ))

def _refuse_other_hosts(rctx):
    if rctx.os.name != "linux" or rctx.os.arch not in ["amd64", "x86_64"]:
        fail("""the NDK's compiler for Linux runs on x86_64 only, this host is {}-{}
  fix: build on linux-x86_64, or with the zig toolchain""".format(rctx.os.name, rctx.os.arch))

def _local(rctx):
    """Returns the local NDK to use and what named it, or (None, None) for the pinned archive."""
    if not rctx.attr.origins:
        if rctx.attr.path:
            return rctx.attr.path, "path"
        home = rctx.os.environ.get("ANDROID_NDK_HOME", "")
        if not home:
            fail("""
no NDK: neither a path nor ANDROID_NDK_HOME is given
  fix: ndk.local(path = "/where/it/is") in MODULE.bazel
       or --repo_env=ANDROID_NDK_HOME=/where/it/is
       or ndk.release(...) with ndk.origin(...), for a pinned archive""")
        return home, "ANDROID_NDK_HOME"

    # A pinned release is not replaced by whatever NDK the shell happens to know, so this is another
    # variable, and what it names must be that very release.
    home = rctx.os.environ.get("XNNKIT_NDK_HOME", "")
    return (home, "XNNKIT_NDK_HOME") if home else (None, None)

def _link_local(rctx, home, named_by):
    root = rctx.path(home) if home.startswith("/") else None
    if not root or not root.get_child("source.properties").exists:
        fail("""
{home} is no Android NDK: {why}
  where: {named_by}
  fix: give the folder that has source.properties and toolchains/, such as .../Sdk/ndk/26.3.11579264""".format(
            home = repr(home),
            named_by = named_by,
            why = "it has no source.properties" if root else "it must be an absolute path",
        ))
    rctx.symlink(root.get_child("source.properties"), "source.properties")
    rctx.symlink(root.get_child("toolchains"), "toolchains")

def _resources(rctx):
    """Returns clang's resource folder, relative to the root, and clang's major version."""
    found = []
    for lib in ["lib", "lib64"]:  # up to r25 lib64, from r26 on lib
        folder = rctx.path("{}/{}/clang".format(_PREBUILT, lib))
        if folder.exists:
            for version in sorted([p.basename for p in folder.readdir(**unwatched(rctx))]):
                if rctx.path("{}/{}/include".format(folder, version)).exists:
                    found.append(("{}/{}/clang/{}".format(_PREBUILT, lib, version), version))
    builtins = "lib/linux/libclang_rt.builtins-aarch64-android.a"
    complete = [one for one in found if rctx.path("{}/{}".format(one[0], builtins)).exists]
    if not complete:
        fail("the NDK has no clang for arm64: no {}/lib*/clang/*/{} (found {})".format(_PREBUILT, builtins, [one[0] for one in found]))

    # Several are names of one folder, such as 17 and 17.0.2, or the last is the compiler's own.
    path, version = complete[-1]
    return path, int(version.split(".")[0])

def _api_levels(rctx):
    folder = rctx.path(_PREBUILT + "/sysroot/usr/lib/aarch64-linux-android")
    if not folder.exists:
        return []
    return sorted([int(p.basename) for p in folder.readdir(**unwatched(rctx)) if p.basename.isdigit()])

def _ndk_repository_impl(rctx):
    _refuse_other_hosts(rctx)
    check_api_level(rctx.attr.api_level)
    home, named_by = _local(rctx)
    if home:
        _link_local(rctx, home, named_by)
    else:
        _refuse_without_licence(rctx)
        _, one, file = download_first(rctx, rctx.attr.origins, "_ndk")
        unpack(rctx, file, one["format"], one["strip_prefix"])
    if not rctx.path("source.properties").exists:
        fail("the archive of NDK {} has no source.properties at its root: is strip_prefix right?".format(rctx.attr.version))
    revision = read_revision(rctx.read("source.properties", **unwatched(rctx)))
    check_revision(revision, rctx.attr.version, home or "the archive")
    levels = _api_levels(rctx)
    if rctx.attr.api_level not in levels:
        fail("""
NDK {} has no API level {} for arm64
  why: it has {}
  fix: take one of these as api_level""".format(revision, rctx.attr.api_level, ", ".join([str(level) for level in levels]) or "none"))
    resources, clang_major = _resources(rctx)
    for name in _EMPTY_LIBRARIES:
        rctx.file("empty/lib{}.a".format(name), "!<arch>\n", executable = False)
    rctx.file("BUILD.bazel", _BUILD.format(
        api_level = rctx.attr.api_level,
        cc_toolchain = str(Label(":ndk_cc_toolchain.bzl")),
        clang_major = clang_major,
        prebuilt = _PREBUILT,
        resources = resources,
        revision = revision,
    ), executable = False)

ndk_repository = repository_rule(
    implementation = _ndk_repository_impl,
    doc = "An Android NDK: a pinned archive, verified by sha256, or one that is installed.",
    attrs = {
        "accept_licence": attr.bool(doc = "You accept https://developer.android.com/studio/terms; only asked for before a download."),
        "api_level": attr.int(default = 30, doc = "The oldest Android that binaries run on, 21 to 35."),
        "origins": attr.string_list(doc = "Made by `origin()`, tried in order; without any, the NDK at `path`."),
        "path": attr.string(doc = "An installed NDK's absolute path; \"\" for ANDROID_NDK_HOME."),
        "version": attr.string(doc = "The release, such as r26d; what the NDK says of itself must agree."),
    },
    environ = [
        "ANDROID_NDK_HOME",
        "HOME",
        "XDG_CACHE_HOME",
        "XNNKIT_CACHE",
        "XNNKIT_NDK_HOME",
        "XNNKIT_SELECT",
        _LICENCE_VARIABLE,
    ],
)

_TOOLCHAINS = """\"\"\"The NDK's toolchain; register `//:all`.\"\"\"

toolchain(
    name = "aarch64",
    exec_compatible_with = ["@platforms//os:linux", "@platforms//cpu:x86_64"],
    target_compatible_with = ["@platforms//os:android", "@platforms//cpu:aarch64", "{bionic}"],
    toolchain = "@{ndk}//:aarch64",
    toolchain_type = "@bazel_tools//tools/cpp:toolchain_type",
)
"""

def _ndk_toolchains_impl(rctx):
    rctx.file("BUILD.bazel", _TOOLCHAINS.format(
        bionic = str(Label("//rules/platforms:bionic")),
        ndk = rctx.attr.ndk,
    ), executable = False)

ndk_toolchains = repository_rule(
    implementation = _ndk_toolchains_impl,
    doc = "The toolchain() target alone, so that registering it downloads nothing.",
    attrs = {"ndk": attr.string(default = "ndk", doc = "The name of the `ndk_repository`.")},
)
