"""The repository rule behind `zig_sysroot`: what a static program for one target is linked from."""

load(":zig_repository.bzl", "TARGETS")

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

# Part of what a kept sysroot is found by: changes with what `_build` makes. Those of 3 were built in
# the user's environment.
_RECIPE = "4"

_KEEP = """set -e
partial="$1.partial.$$"
mkdir -p "$partial"
cp -r lib "$partial/lib"
(cd "$partial" && sha256sum lib/* > SHA256SUMS)
rm -rf "$1"
mv -T "$partial" "$1" || rm -r "$partial"
"""

_TAKE = """set -e
here="$PWD"
cd "$1"
sha256sum --check --status SHA256SUMS
cp -r lib "$here/lib"
"""

# zig keeps a file open for each that it compiles, and musl has some 1300: the usual soft limit of 1024
# is too low. Whoever may raise it does.
_FILES = 4096
_MORE_FILES = """[ "$(ulimit -n)" = unlimited ] || [ "$(ulimit -n)" -ge {files} ] || ulimit -n {files} 2> /dev/null || ulimit -n "$(ulimit -Hn)"
exec "$@"
""".format(files = _FILES)

def _zig_sysroot_impl(rctx):
    kept = _place(rctx)
    if not (kept and rctx.path(kept).exists and _shell(rctx, _TAKE, kept)):
        _build(rctx)
        if kept:
            # A cache that cannot be written costs the next workspace the same again, and no more.
            _shell(rctx, _KEEP, kept)
    triple = TARGETS[rctx.attr.target].triple
    rctx.file("BUILD.bazel", _SYSROOT_BUILD.format(triple = triple), executable = False)

def _place(rctx):
    """Returns where xnnkit's cache keeps this sysroot, or None without a cache.

    zig's own cache does not do: its keys hold the path of the repository, so that every workspace
    compiles libc and libc++ again.
    """
    cache = rctx.os.environ.get("XNNKIT_CACHE")
    if not cache or not rctx.path(cache).exists:
        return None
    identity = rctx.read(rctx.path(rctx.attr._identity)).strip()
    return "{}/sysroot/{}-{}-{}".format(cache, rctx.attr.target, identity, _RECIPE)

def _clean(variables):
    """Returns how to start a command with these variables alone.

    A repository rule's programs get the whole environment of whoever starts Bazel: a CPATH, a
    LIBRARY_PATH or a cp first on PATH would end up in every binary, and in the cache.
    """
    return ["/usr/bin/env", "-i"] + ["{}={}".format(name, value) for name, value in variables.items()]

def _shell(rctx, script, argument):
    command = _clean({"PATH": "/usr/bin:/bin"}) + ["/bin/sh", "-c", script, "sh", argument]
    return rctx.execute(command).return_code == 0

def _build(rctx):
    target = TARGETS[rctx.attr.target]
    zig = rctx.path(rctx.attr._zig)
    rctx.delete("lib")
    rctx.file("probe.cc", _PROBE, executable = False)
    environment = {
        "ZIG_GLOBAL_CACHE_DIR": rctx.path("_cache"),
        "ZIG_LOCAL_CACHE_DIR": rctx.path("_local"),
        "ZIG_VERBOSE_LINK": "1",
    }
    result = rctx.execute(
        # With -O2 alone zig makes libraries of LLVM bitcode, and every link compiles them: 9 s of 10.
        # -s leaves out debug information, which holds paths and no binary keeps.
        _clean(environment) + ["/bin/sh", "-c", _MORE_FILES, "sh"] +
        [zig, "c++", "-target", target.triple, "-static", "-O2", "-fno-lto", "-s", "probe.cc", "-o", "probe"],
        timeout = 1800,
    )
    if "ProcessFdQuotaExceeded" in result.stderr:
        fail("""
zig may not open enough files to build the C and C++ libraries for {triple}
  why: the hard limit of open files is below {files}; it keeps one open for each of musl's sources
  fix: ulimit -Hn says the limit; in a container: docker build --ulimit nofile=8192:8192, buildah likewise""".format(
            triple = target.triple,
            files = _FILES,
        ))
    if result.return_code:
        fail("zig could not build the C and C++ libraries for {}\n{}".format(target.triple, result.stderr))

    # zig prints how it links; the last line is the program's own, and names every piece in full.
    links = [line for line in result.stderr.splitlines() if line.startswith("ld.lld ") and " -o probe " in line]
    if not links:
        fail("zig did not say how it links {}; its output was\n{}".format(target.triple, result.stderr))
    pieces = {word.rsplit("/", 1)[1]: word for word in links[-1].split(" ") if word.startswith("/")}
    _run(rctx, ["/bin/mkdir", "lib"])
    for name in _SYSROOT_FILES:
        if name not in pieces:
            fail("zig links {} without {}; this xnnkit knows only releases that have it".format(target.triple, name))
        if name.endswith(".a"):
            _archive(rctx, zig, pieces[name], "lib/" + name)
        else:
            _run(rctx, ["/bin/cp", "-L", pieces[name], "lib/" + name])
    for name in _EMPTY_LIBRARIES:
        rctx.file("lib/lib{}.a".format(name), "!<arch>\n", executable = False)
    for rest in ["_cache", "_local", "probe", "probe.cc"]:
        rctx.delete(rest)

def _archive(rctx, zig, source, target):
    """Makes an archive of the same members again, without the paths that zig calls them by."""
    members = _run(rctx, [zig, "ar", "t", source]).splitlines()
    _run(rctx, [zig, "ar", "qcsD", target] + members)

def _run(rctx, command):
    """Returns the stdout of a command that must not fail."""
    result = rctx.execute(_clean({}) + command)
    if result.return_code:
        fail("{} {}: {}".format(command[0], command[1], result.stderr))
    return result.stdout

zig_sysroot = repository_rule(
    implementation = _zig_sysroot_impl,
    doc = "libc, libc++ and start-up objects for one target, built once by zig from its own sources.",
    attrs = {
        "target": attr.string(mandatory = True, values = TARGETS.keys()),
        "_identity": attr.label(default = Label("@zig//:identity")),
        "_zig": attr.label(default = Label("@zig//:zig")),
    },
    environ = ["XNNKIT_CACHE"],
)
