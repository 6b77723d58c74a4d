"""The repository rule behind //rules/archive's `alias_repository` and `stub_repository`."""

_BUILD = """\"\"\"Targets that stand for those of another repository, by flavour.\"\"\"

package(default_visibility = ["//visibility:public"])
"""

_CONDITION = """
config_setting(
    name = "flavour_{flavour}",
    flag_values = {{"{flag}": "{flavour}"}},
)
"""

_ALIAS = """
alias(
    name = "{name}",
    actual = select({{
{branches}        "//conditions:default": "{default}",
    }}),
)
"""

def _alias_impl(rctx):
    flag = str(Label("//rules/flavour:flavour"))
    text = _BUILD
    for flavour in rctx.attr.actual:
        text += _CONDITION.format(flavour = flavour, flag = flag)
    for target in rctx.attr.targets:
        text += _ALIAS.format(
            name = target,
            branches = "".join([
                "        \":flavour_{}\": \"@{}//:{}\",\n".format(flavour, repository, target)
                for flavour, repository in rctx.attr.actual.items()
            ]),
            default = "@{}//:{}".format(rctx.attr.default, target),
        )
    rctx.file("BUILD.bazel", text, executable = False)

alias_repository = repository_rule(
    implementation = _alias_impl,
    doc = "Aliases to another repository's targets, chosen by //rules/flavour. Only what is chosen is fetched.",
    attrs = {
        "targets": attr.string_list(mandatory = True, doc = "Names of targets in the root package."),
        "actual": attr.string_dict(doc = "Flavour -> the repository that has the targets."),
        "default": attr.string(mandatory = True, doc = "The repository when no flavour, or another, is chosen."),
    },
)

def _stub_impl(rctx):
    for label, path in rctx.attr.overlays.items():
        rctx.file(path, rctx.read(rctx.path(label)), executable = False)

stub_repository = repository_rule(
    implementation = _stub_impl,
    doc = "A repository of a few files of our own, for load() statements in packages nothing is built from.",
    attrs = {
        "overlays": attr.label_keyed_string_dict(allow_files = True, mandatory = True, doc = "File -> path inside the repository."),
    },
)
