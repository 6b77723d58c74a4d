"""What an NDK release must be to be used: not too old, of the level asked for, the one asked for."""

MINIMUM = 25
API_LEVELS = (21, 35)

def check_api_level(level):
    """Fails unless `level` is one that an arm64 NDK can have.

    Args:
      level: the Android API level.
    """
    if level < API_LEVELS[0] or level > API_LEVELS[1]:
        fail("""
API level {} cannot be built for: 64-bit Arm begins at {}, and {} is the last one known
  fix: ndk.release(api_level = {}, ...)   (30 is Android 11)""".format(level, API_LEVELS[0], API_LEVELS[1], 30))

def _too_old(what):
    fail("""
{} is too old: xnnkit needs r{} or newer
  why: clang of older releases has no +i8mm, so XNNPACK's and KleidiAI's i8mm kernels cannot be compiled
  fix: take r{}c or r26d, or build with the zig toolchain""".format(what, MINIMUM, MINIMUM))

def _split(version):
    """Returns (major, minor) of a name such as r26d: its letter counts the minor versions."""
    text = version.removeprefix("r")
    digits = text.rstrip("abcdefghijklmnopqrstuvwxyz")
    letter = text[len(digits):]
    if not version.startswith("r") or not digits.isdigit() or len(letter) > 1:
        fail("{} names no NDK release; they are named r26, r26b, r26c, ...".format(repr(version)))
    return int(digits), max("abcdefghijklmnopqrstuvwxyz".find(letter), 0)

def check_release(version):
    """Fails unless `version` names a release that can be used.

    Args:
      version: such as "r26d".
    """
    if _split(version)[0] < MINIMUM:
        _too_old("NDK " + version)

def read_revision(properties):
    """Reads Pkg.Revision of an NDK.

    Args:
      properties: the text of its source.properties.

    Returns:
      The revision, such as "26.3.11579264".
    """
    for line in properties.splitlines():
        key, _, value = line.partition("=")
        if key.strip() == "Pkg.Revision":
            return value.strip()
    fail("source.properties of the NDK has no Pkg.Revision")

def check_revision(revision, version, where):
    """Fails when an NDK is too old, or is another release than the one asked for.

    Args:
      revision: Pkg.Revision, such as "26.3.11579264".
      version: the release asked for, such as "r26d"; "" for any.
      where: where the NDK is, for the message.
    """
    parts = revision.split("-")[0].split(".")
    if len(parts) < 2 or not parts[0].isdigit() or not parts[1].isdigit():
        fail("Pkg.Revision = {} of the NDK at {} is no version".format(repr(revision), where))
    found = (int(parts[0]), int(parts[1]))
    if found[0] < MINIMUM:
        _too_old("the NDK at {} (revision {})".format(where, revision))
    if version and found != _split(version):
        fail("""
the NDK at {where} is revision {revision}, {version} is wanted
  why: {version} is revision {major}.{minor}.*; another release's compiler makes another binary
  fix: unset XNNKIT_NDK_HOME to take the pinned archive, or name an NDK of that release
       or ndk.local(path = "{where}"), which takes any release from r{minimum} on""".format(
            where = where,
            revision = revision,
            version = version,
            major = _split(version)[0],
            minor = _split(version)[1],
            minimum = MINIMUM,
        ))
