"""The repository rule behind //rules/archive, and the search for a verified file that zig shares.

Where a file is looked for, always by its sha256: xnnkit's cache (XNNKIT_CACHE), then Bazel's own
repository cache and --distdir, then the origin itself. Bazel verifies every one of them.
"""

load(":watch.bzl", "unwatched")

_ENVIRONMENT = ["XNNKIT_CACHE", "XNNKIT_DEBIAN_MIRROR", "XNNKIT_SELECT", "HOME", "XDG_CACHE_HOME"]

def origin(*, type, location, filename, format, sha256, strip_prefix = "", prebuilt = False):
    """Describes one origin for `archive(origins = [...])`.

    Args:
      type: "http", "git", "debian" or "pypi".
      location: the URL, OWNER/NAME, the pool path, or PACKAGE==VERSION.
      filename: the file's name in a distdir.
      format: "tar.gz", "tar.xz", "zip", "deb" or "whl".
      sha256: of the file's bytes, 64 hex digits.
      strip_prefix: the folder in the archive that becomes the repository's root.
      prebuilt: True for binaries, whose tree cannot be checked.

    Returns:
      A string for the `origins` attribute.
    """
    if len(sha256) != 64:
        fail("{}: sha256 must be 64 hex digits, got {}".format(location, repr(sha256)))
    return json.encode({
        "filename": filename,
        "format": format,
        "location": location,
        "prebuilt": prebuilt,
        "sha256": sha256,
        "strip_prefix": strip_prefix,
        "type": type,
    })

def _cache_root(rctx):
    cache = rctx.os.environ.get("XNNKIT_CACHE")
    if cache:
        return cache
    base = rctx.os.environ.get("XDG_CACHE_HOME") or (rctx.os.environ.get("HOME", "") + "/.cache")
    return base + "/xnnkit"

def _cached_blob(rctx, sha256):
    """Returns (path, sha256 to check) of a file in xnnkit's cache, or None.

    A file that the user accepted by its tree (`xnnkit fetch --accept-tree`) has other bytes than
    the pinned ones; the cache then says which.
    """
    root = _cache_root(rctx)
    accepted = rctx.path("{}/accepted/{}".format(root, sha256))
    actual = sha256
    if accepted.exists:
        actual = rctx.read(accepted, **unwatched(rctx)).strip().split(" ")[0]
    blob = rctx.path("{}/sha256/{}/{}".format(root, actual[:2], actual))
    if blob.exists:
        return (blob, actual)
    return None

def _urls(rctx, one):
    """Returns where Bazel may download an origin's file from.

    What no server has as a file, Bazel looks for in its repository cache, by sha256, and in each
    --distdir, by the last component of a URL; so there is always one, if need be with a host that
    never is (RFC 2606).
    """
    if one["type"] == "http":
        return [one["location"]]
    mirrors = []
    if one["type"] == "debian":
        mirrors = [word for word in rctx.os.environ.get("XNNKIT_DEBIAN_MIRROR", "").split(" ") if word]
    path = one["location"].removeprefix("debian:")
    return [
        "{}/{}".format(mirror.rstrip("/"), path)
        for mirror in mirrors
    ] or ["https://xnnkit.invalid/" + one["filename"]]

def _file_name(stem, format):
    # Bazel tells an archive's format from its name, and knows a wheel only as the zip it is.
    return "{}.{}".format(stem, "zip" if format == "whl" else format)

def download_first(rctx, origins, stem):
    """Downloads the first origin's file that can be had, verified.

    Args:
      rctx: the repository context.
      origins: list of strings made by `origin()`.
      stem: the file's name without the ending that says its format.

    Returns:
      (index of the origin taken, the origin as a dict, the file's relative path).
    """
    decoded = [json.decode(text) for text in origins]
    chosen = {}
    for word in rctx.os.environ.get("XNNKIT_SELECT", "").split(" "):
        name, _, sha256 = word.partition("=")
        chosen[name] = sha256
    apparent = rctx.name.split("~")[-1].split("+")[-1]
    if apparent in chosen:
        kept = [(i, one) for i, one in enumerate(decoded) if one["sha256"] == chosen[apparent]]
    else:
        kept = list(enumerate(decoded))
    for index, one in kept:
        found = _cached_blob(rctx, one["sha256"])
        if found:
            output = _file_name(stem, one["format"])
            rctx.download(url = "file://{}".format(found[0]), output = output, sha256 = found[1])
            return index, one, output
    tried = []
    for index, one in kept:
        # The last component of the URL names the file in a --distdir.
        output = _file_name(stem, one["format"])
        result = rctx.download(url = _urls(rctx, one), output = output, sha256 = one["sha256"], allow_fail = True)
        if result.success:
            return index, one, output
        tried.append("{} {}: not in the cache or a --distdir, could not be downloaded, or has other bytes".format(one["type"], one["location"]))
    fail("""
{name}: none of its origins can be had
  {tried}
  why: every archive is verified against its pinned sha256 before it is used
  fix: xnnkit fetch PROFILE          (fills {cache})
       bazel build --distdir=DIR ... (DIR made by `xnnkit mirror`)""".format(
        name = apparent,
        tried = "\n  ".join(tried),
        cache = _cache_root(rctx),
    ))

def unpack(rctx, file, format, strip_prefix):
    """Unpacks a verified file into the repository's root and deletes it.

    Args:
      rctx: the repository context.
      file: relative path of the file.
      format: as in `origin()`.
      strip_prefix: as in `origin()`.
    """
    if format == "deb":
        # ar keeps the members apart: control.tar.* is not wanted, data.tar.* has one of three names.
        rctx.extract(archive = file, output = "_deb")
        data = [p for p in rctx.path("_deb").readdir(**unwatched(rctx)) if p.basename.startswith("data.tar")]
        if len(data) != 1:
            fail("{}: expected one data.tar.* in the Debian package, found {}".format(rctx.name, data))
        rctx.extract(archive = data[0], stripPrefix = strip_prefix)
        rctx.delete("_deb")
    else:
        rctx.extract(archive = file, stripPrefix = strip_prefix)
    rctx.delete(file)

_FLAVOURS = """\"\"\"What each flavour switches here.\"\"\"

FLAVOUR = "{flavour}"

SWITCHES = {switches}
"""

def _archive_impl(rctx):
    index, one, file = download_first(rctx, rctx.attr.origins, "_archive")
    unpack(rctx, file, one["format"], one["strip_prefix"])
    own = {}
    for label, text in rctx.attr.origin_overlays.items():
        number, _, path = text.partition("=")
        if int(number) == index:
            own[label] = path
    for label, path in (own or rctx.attr.overlays).items():
        rctx.delete(path)
        rctx.file(path, rctx.read(rctx.path(label)), executable = False)
    if not one["prebuilt"]:
        for patch in rctx.attr.patches:
            rctx.patch(patch, strip = 1)
    if rctx.attr.flavour_switches:
        rctx.file("xnnkit_flavours.bzl", _FLAVOURS.format(
            flavour = str(Label("//rules/flavour:flavour")),
            switches = json.encode_indent({
                flavour: dict([setting.split("=") for setting in settings])
                for flavour, settings in rctx.attr.flavour_switches.items()
            }, indent = "    "),
        ), executable = False)
    rctx.file("xnnkit_origin.json", json.encode_indent(one) + "\n", executable = False)

archive = repository_rule(
    implementation = _archive_impl,
    doc = "A repository from the first of its origins that can be had; every origin is verified by its sha256.",
    attrs = {
        "origins": attr.string_list(mandatory = True, doc = "Made by `origin()`, tried in order."),
        "tree": attr.string(doc = "The git tree id of the unpatched content; `xnnkit verify` checks it."),
        "overlays": attr.label_keyed_string_dict(allow_files = True, doc = "File -> path inside the repository."),
        "origin_overlays": attr.label_keyed_string_dict(allow_files = True, doc = "File -> INDEX=path, for the origin at INDEX only."),
        "patches": attr.label_list(allow_files = True, doc = "Unified diffs, applied with -p1."),
        "flavour_switches": attr.string_list_dict(
            doc = "Flavour (\"\" for none chosen) -> SWITCH=true|false; written to xnnkit_flavours.bzl, which the switches patch sets read.",
        ),
    },
    environ = _ENVIRONMENT,
)
