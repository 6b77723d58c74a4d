"""The module extension behind //rules/profile:extensions.bzl, and the reading of profile.json."""

load(":alias_repository.bzl", "alias_repository", "stub_repository")
load(":archive_repository.bzl", "archive", "origin")

_SCHEMA_VERSION = 1

def read_profile(module_ctx, label):
    """Reads the pins of a rendered profile.

    Args:
      module_ctx: the module extension's context.
      label: the label of profile.json.

    Returns:
      The pins, as a dict.
    """
    pins = json.decode(module_ctx.read(label))
    if pins.get("schema_version") != _SCHEMA_VERSION:
        fail("""{label}: schema version {found}, this xnnkit reads {legal}
  fix: render the package again with the xnnkit that MODULE.bazel names""".format(
            label = label,
            found = pins.get("schema_version"),
            legal = _SCHEMA_VERSION,
        ))
    return pins

def origins_of(pinned):
    """Returns what `archive(origins = ...)` takes, from the origins of a pinned file.

    Args:
      pinned: a dict with a list of dicts under "origins".

    Returns:
      A list of strings.
    """
    return [origin(
        type = one["type"],
        location = one["location"],
        filename = one["filename"],
        format = one["format"],
        sha256 = one["sha256"],
        strip_prefix = one["strip_prefix"],
        prebuilt = one["prebuilt"],
    ) for one in pinned["origins"]]

def _labels(label, relative):
    """Returns the label of a file beside profile.json: "overlays:x" -> @@repo//package/overlays:x."""
    repository, _, rest = str(label).partition("//")
    package = rest.partition(":")[0]
    folder, _, file = relative.partition(":")
    return Label("{}//{}{}{}:{}".format(repository, package, "/" if package else "", folder, file))

def _use(label, pins):
    for one in pins["archives"]:
        own = {}
        for index, pinned in enumerate(one["origins"]):
            for relative, path in pinned["overlays"].items():
                own[_labels(label, relative)] = "{}={}".format(index, path)
        archive(
            name = one["name"],
            origins = origins_of(one),
            tree = one["tree"],
            overlays = {_labels(label, relative): path for relative, path in one["overlays"].items()},
            origin_overlays = own,
            patches = [_labels(label, relative) for relative in one["patches"]],
            flavour_switches = one["flavour_switches"],
        )
    for one in pins["aliases"]:
        alias_repository(**one)
    for name, files in pins["stubs"].items():
        stub_repository(
            name = name,
            overlays = {_labels(label, relative): path for relative, path in files.items()},
        )

def _profiles_impl(module_ctx):
    used = None
    for module in module_ctx.modules:
        for tag in module.tags.use:
            if used:
                fail("""two profiles are used: {} and {}
  why: one build has one @XNNPACK
  fix: keep one profiles.use(...)""".format(used, tag.profile))
            used = tag.profile
            _use(tag.profile, read_profile(module_ctx, tag.profile))

profiles = module_extension(
    doc = "Declares the repositories of a profile that `xnnkit render --format package` wrote.",
    implementation = _profiles_impl,
    tag_classes = {"use": tag_class(
        doc = "The profile; one in a build.",
        attrs = {"profile": attr.label(mandatory = True, doc = "The label of profile.json.")},
    )},
)
