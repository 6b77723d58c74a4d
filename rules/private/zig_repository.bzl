"""The repositories of the zig toolchain: the release, one sysroot a target, the toolchains.

They are apart so that each is only made when it is needed: registering the toolchains downloads
nothing, and the sysroot of x86_64 is built only by who builds for x86_64.
"""

load(":archive_repository.bzl", "download_first", "unpack")

# Our name -> what zig, Bazel and clang call it.
TARGETS = {
    "aarch64": struct(triple = "aarch64-linux-musl", cpu = "aarch64", platform_cpu = "aarch64"),
    "x86_64": struct(triple = "x86_64-linux-musl", cpu = "k8", platform_cpu = "x86_64"),
}

# Objects and archives that a static musl program is linked from, in zig's own names.
_SYSROOT_FILES = [
    "crt1.o",
    "crti.o",
    "crtn.o",
    "libc++.a",
    "libc++abi.a",
    "libc.a",
    "libcompiler_rt.a",
    "libunwind.a",
]

# musl has the first four in libc.a; programs still ask for them by name. The other two are Android's:
# MediaPipe's --config=android_arm64 asks for them whatever the compiler, and nothing needs them.
_EMPTY_LIBRARIES = ["dl", "m", "pthread", "rt", "android", "log"]

# $0 is external/.../bin/NAME in every action, so nothing here depends on PATH or on the place.
_WRAPPER = """#!/bin/sh
exec "${{0%/*}}/../zig" {command} "$@"
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

exports_files(["zig"])

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

_PROBE = """#include <stdexcept>
#include <thread>
int main() {
  std::thread thread([] {});
  thread.join();
  try { throw std::runtime_error("x"); } catch (const std::exception&) { return 0; }
}
"""

_SYSROOT_BUILD = """\"\"\"What a static program for {triple} is linked from.\"\"\"

package(default_visibility = ["//visibility:public"])

filegroup(
    name = "files",
    srcs = glob(["lib/*"]),
)

exports_files(["lib/crt1.o"])
"""

def _zig_cache(rctx):
    # zig's cache is keyed by content, so a second workspace of the same user need not compile libc
    # and libc++ again. Without xnnkit's cache the libraries are built anew, to the same bytes.
    cache = rctx.os.environ.get("XNNKIT_CACHE")
    if cache and rctx.path(cache).exists:
        return cache + "/zig"
    return str(rctx.path("_cache"))

def _zig_sysroot_impl(rctx):
    target = TARGETS[rctx.attr.target]
    zig = rctx.path(rctx.attr._zig)
    rctx.file("probe.cc", _PROBE, executable = False)
    result = rctx.execute(
        [zig, "c++", "-target", target.triple, "-static", "-O2", "probe.cc", "-o", "probe"],
        environment = {
            "ZIG_GLOBAL_CACHE_DIR": _zig_cache(rctx),
            "ZIG_LOCAL_CACHE_DIR": str(rctx.path("_local")),
            "ZIG_VERBOSE_LINK": "1",
        },
        timeout = 1800,
    )
    if result.return_code:
        fail("zig could not build the C and C++ libraries for {}\n{}".format(target.triple, result.stderr))

    # zig prints how it links; the last line is the program's own, and names every piece in full.
    links = [line for line in result.stderr.splitlines() if line.startswith("ld.lld ") and " -o probe " in line]
    if not links:
        fail("zig did not say how it links {}; its output was\n{}".format(target.triple, result.stderr))
    pieces = {word.rsplit("/", 1)[1]: word for word in links[-1].split(" ") if word.startswith("/")}
    for name in _SYSROOT_FILES:
        if name not in pieces:
            fail("zig links {} without {}; this xnnkit knows only releases that have it".format(target.triple, name))
        rctx.symlink(pieces[name], "_in/" + name)
        copied = rctx.execute(["/bin/cp", "-L", "_in/" + name, "_" + name])
        if copied.return_code:
            fail("cannot copy {}: {}".format(name, copied.stderr))
        rctx.execute(["/bin/mkdir", "-p", "lib"])
        moved = rctx.execute(["/bin/mv", "_" + name, "lib/" + name])
        if moved.return_code:
            fail("cannot place {}: {}".format(name, moved.stderr))
    for name in _EMPTY_LIBRARIES:
        rctx.file("lib/lib{}.a".format(name), "!<arch>\n", executable = False)
    for rest in ["_cache", "_local", "_in", "probe", "probe.cc"]:
        rctx.delete(rest)
    rctx.file("BUILD.bazel", _SYSROOT_BUILD.format(triple = target.triple), executable = False)

zig_sysroot = repository_rule(
    implementation = _zig_sysroot_impl,
    doc = "libc, libc++ and start-up objects for one target, built once by zig from its own sources.",
    attrs = {
        "target": attr.string(mandatory = True, values = TARGETS.keys()),
        "_zig": attr.label(default = Label("@zig//:zig")),
    },
    environ = ["XNNKIT_CACHE"],
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
