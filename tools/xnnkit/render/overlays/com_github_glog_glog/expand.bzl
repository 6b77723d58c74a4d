"""`expand_header`: a header from its template."""

def _expand_header_impl(ctx):
    ctx.actions.expand_template(
        template = ctx.file.template,
        output = ctx.outputs.out,
        substitutions = {"@{}@".format(name): value for name, value in ctx.attr.values.items()},
    )

expand_header = rule(
    implementation = _expand_header_impl,
    doc = "A header in which each @NAME@ of its template is replaced by the name's value.",
    attrs = {
        "out": attr.output(mandatory = True),
        "template": attr.label(allow_single_file = True, mandatory = True),
        "values": attr.string_dict(mandatory = True, doc = "NAME -> what stands in its place."),
    },
)
