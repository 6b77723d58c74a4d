"""The repositories of the zig toolchain: the release and the toolchains.

They and the sysroots (`zig_sysroot.bzl`) are apart so that each is only made when it is needed:
registering the toolchains downloads nothing, and the sysroot of x86_64 is built only by who builds
for x86_64.
"""

load(":archive_repository.bzl", "download_first", "unpack")

# Our name -> what zig, Bazel and clang call it.
TARGETS = {
    "aarch64": struct(triple = "aarch64-linux-musl", cpu = "aarch64", platform_cpu = "aarch64"),
    "x86_64": struct(triple = "x86_64-linux-musl", cpu = "k8", platform_cpu = "x86_64"),
}

# $0 is external/.../bin/NAME in every action, so nothing here depends on PATH or on the place.
#
# clang gets no variable: CPATH, LIBRARY_PATH and CCC_OVERRIDE_OPTIONS add to its flags, and by PATH it
# looks for a clang. Where one is installed, it takes that one's folder for its own and searches the GCC
# beside it, sysroot or not. SOURCE_DATE_EPOCH sets a clock that nothing here may depend on; `xnnkit
# repro` gives it to show that.
_WRAPPER = """#!/bin/sh
exec /usr/bin/env -i ${{SOURCE_DATE_EPOCH+"SOURCE_DATE_EPOCH=$SOURCE_DATE_EPOCH"}} "${{0%/*}}/../zig" {command} "$@"
"""

_ZIG_BUILD = """\"\"\"The zig release: compiler, linker, headers, and a cc_toolchain for each target.\"\"\"

load("{cc_toolchain}", "zig_cc_toolchain")

package(default_visibility = ["//visibility:public"])

filegroup(
    name = "compiler",
    srcs = ["bin/clang", "zig"],
)

filegroup(
    name = "linker",
    srcs = ["bin/clang", "bin/ld.lld", "zig"],
)

filegroup(
    name = "archiver",
    srcs = ["bin/ar", "zig"],
)

filegroup(
    name = "objcopy",
    srcs = ["bin/objcopy", "zig"],
)

filegroup(
    name = "headers",
    srcs = glob([
        "lib/include/**",
        "lib/libcxx/include/**",
        "lib/libcxxabi/include/**",
        "lib/libunwind/include/**",
        "lib/libc/include/aarch64-linux-any/**",
        "lib/libc/include/aarch64-linux-musl/**",
        "lib/libc/include/any-linux-any/**",
        "lib/libc/include/generic-musl/**",
        "lib/libc/include/x86-linux-any/**",
        "lib/libc/include/x86_64-linux-any/**",
        "lib/libc/include/x86_64-linux-musl/**",
    ], allow_empty = True),
)

exports_files([
    "identity",
    "zig",
])

# Here and not beside the rules, because a tool's path is relative to its cc_toolchain's package.
{toolchains}

# For the flags from before platforms: --host_crosstool_top=@zig//:host_crosstool --host_cpu=k8
cc_toolchain_suite(
    name = "host_crosstool",
    toolchains = {{"k8": ":x86_64"}},
)
"""

def _zig_repository_impl(rctx):
    _refuse_other_hosts(rctx)
    _, one, file = download_first(rctx, rctx.attr.origins, "_zig")
    unpack(rctx, file, one["format"], one["strip_prefix"])
    for name, command in {"ar": "ar", "clang": "clang", "ld.lld": "ld.lld", "objcopy": "objcopy"}.items():
        rctx.file("bin/" + name, _WRAPPER.format(command = command), executable = True)

    # pip sets the run bit when it installs a wheel; the file inside may not have it.
    rctx.execute(["/bin/chmod", "+x", "zig"])
    rctx.file("identity", one["sha256"] + "\n", executable = False)
    rctx.file("BUILD.bazel", _ZIG_BUILD.format(
        cc_toolchain = str(Label(":zig_cc_toolchain.bzl")),
        toolchains = "\n".join(["zig_cc_toolchain(name = \"{}\")".format(target) for target in TARGETS]),
    ), executable = False)

def _refuse_other_hosts(rctx):
    if rctx.os.name != "linux" or rctx.os.arch not in ["amd64", "x86_64"]:
        fail("""the pinned zig runs on linux-x86_64, this host is {}-{}
  why: another host's compiler is another archive with another sha256
  fix: build on linux-x86_64, or give zig.origin(...) of your host in MODULE.bazel""".format(rctx.os.name, rctx.os.arch))

zig_repository = repository_rule(
    implementation = _zig_repository_impl,
    doc = "A zig release, verified by sha256, with wrappers that start its clang, lld and ar.",
    attrs = {"origins": attr.string_list(mandatory = True, doc = "Made by `origin()`, tried in order.")},
    environ = ["XNNKIT_CACHE", "XNNKIT_SELECT", "HOME", "XDG_CACHE_HOME"],
)

_TOOLCHAIN = """
toolchain(
    name = "{target}",
    exec_compatible_with = ["@platforms//os:linux", "@platforms//cpu:x86_64"],
    target_compatible_with = ["@platforms//os:linux", "@platforms//cpu:{platform_cpu}", "{musl}"],
    toolchain = "{toolchain}",
    toolchain_type = "@bazel_tools//tools/cpp:toolchain_type",
)
"""

def _zig_toolchains_impl(rctx):
    text = "\"\"\"The zig toolchains; register `//:all`.\"\"\"\n"
    for name, target in TARGETS.items():
        text += _TOOLCHAIN.format(
            target = name,
            platform_cpu = target.platform_cpu,
            musl = str(Label("//rules/platforms:musl")),
            toolchain = str(Label("@zig//:" + name)),
        )
    rctx.file("BUILD.bazel", text, executable = False)

zig_toolchains = repository_rule(
    implementation = _zig_toolchains_impl,
    doc = "The toolchain() targets alone, so that registering them downloads nothing.",
)
