"""Libraries whose sources get a flavour's macros only where they read them."""

load("//:xnnkit_readers.bzl", "READERS")

def _enabled(macro):
    return Label("//:" + macro[len("XNN_ENABLE_"):].lower() + "_enabled")

def switch_defines(macros = READERS.keys()):
    """The defines of the given macros, 0 or 1.

    Args:
      macros: names out of READERS.

    Returns:
      A list with selects, for defines or local_defines.
    """
    result = []
    for macro in macros:
        result = result + select({
            _enabled(macro): [macro + "=1"],
            "//conditions:default": [macro + "=0"],
        })
    return result

def _reads(source):
    path = "/".join([part for part in (native.package_name(), source) if part])
    macros = []
    for macro, readers in READERS.items():
        if [r for r in readers if path == r or (r.endswith("/") and path.startswith(r))]:
            macros.append(macro)
    return tuple(macros)

def split_library(library, name, srcs, more_srcs = [], deps = [], kleidiai_deps = [], **kwargs):
    """A library whose sources get a flavour's macros, and KleidiAI's headers, only if they read them.

    The sources that read the same macros form a library of their own, named after those; the rest
    form NAME, which depends on them. If all read the same, NAME itself is that library.

    Args:
      library: the macro that makes a library.
      name: name of the whole.
      srcs: list of sources; no select.
      more_srcs: sources that read no macro; a list, perhaps with selects.
      deps: what all of them need.
      kleidiai_deps: what those that read XNN_ENABLE_KLEIDIAI need; unseen by dependents.
      **kwargs: passed on to each library.
    """
    groups = {}
    for source in srcs:
        macros = _reads(source)
        groups[macros] = groups.get(macros, []) + [source]
    parts = []
    for macros in sorted(groups):
        if not macros:
            continue
        whole = len(groups) == 1 and not more_srcs
        part = name if whole else name + "".join(["_" + m.lower() for m in macros])
        private = {}
        if kleidiai_deps and "XNN_ENABLE_KLEIDIAI" in macros:
            private["implementation_deps"] = kleidiai_deps
        library(
            name = part,
            srcs = groups[macros],
            local_defines = switch_defines(macros),
            deps = deps,
            **dict(kwargs, **private)
        )
        if whole:
            return
        parts.append(":" + part)
    library(
        name = name,
        srcs = groups.get((), []) + more_srcs,
        deps = deps + parts,
        **kwargs
    )
