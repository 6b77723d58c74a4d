"""`flatbuffer_cc_library`, with the interface that MediaPipe's BUILD files use."""

def _generate_impl(ctx):
    headers = []
    arguments = ctx.actions.args()
    arguments.add_all(["--cpp", "--no-union-value-namespacing", "--gen-object-api"])
    arguments.add_all(ctx.attr.flatc_args)
    inputs = depset(ctx.files.srcs + ctx.files.includes)

    # A schema names others from the workspace's root.
    roots = ["./", ctx.bin_dir.path]
    for file in inputs.to_list():
        root = file.owner.workspace_root
        if root and root not in roots:
            roots.append(root)
    for root in roots:
        arguments.add_all(["-I", root])
    for source in ctx.files.srcs:
        name = source.basename.removesuffix(".fbs") + "_generated.h"
        headers.append(ctx.actions.declare_file(name))
    arguments.add_all(["-o", headers[0].dirname])
    arguments.add_all(ctx.files.srcs)
    ctx.actions.run(
        executable = ctx.executable._flatc,
        arguments = [arguments],
        inputs = inputs,
        outputs = headers,
        mnemonic = "Flatc",
        progress_message = "Generating %{output}",
    )
    return [DefaultInfo(files = depset(headers))]

_generate = rule(
    implementation = _generate_impl,
    doc = "Headers that flatc writes from schemas.",
    attrs = {
        "srcs": attr.label_list(allow_files = [".fbs"], mandatory = True),
        "includes": attr.label_list(allow_files = [".fbs"]),
        "flatc_args": attr.string_list(),
        "_flatc": attr.label(default = Label("//:flatc"), executable = True, cfg = "exec"),
    },
)

def flatbuffer_cc_library(
        name,
        srcs,
        srcs_filegroup_name = "",
        out_prefix = "",
        includes = [],
        include_paths = [],
        flatc_args = [],
        visibility = None,
        srcs_filegroup_visibility = None,
        gen_reflections = False):
    """A C++ library of the headers that flatc writes from schemas.

    Args:
      name: name of the library; its headers are those of `NAME_srcs`.
      srcs: schemas.
      srcs_filegroup_name: name for a filegroup of the schemas, "" for NAME_includes.
      out_prefix: not supported, must be "".
      includes: filegroups of schemas that `srcs` include.
      include_paths: not supported, must be empty.
      flatc_args: arguments of flatc beside those of every library.
      visibility: of the library.
      srcs_filegroup_visibility: of the filegroup.
      gen_reflections: must be False; nothing here reads reflections.
    """
    if out_prefix or include_paths or gen_reflections:
        fail("{}: out_prefix, include_paths and gen_reflections are not supported".format(name))
    native.filegroup(
        name = srcs_filegroup_name or name + "_includes",
        srcs = srcs,
        visibility = srcs_filegroup_visibility or visibility,
    )
    _generate(
        name = name + "_srcs",
        srcs = srcs,
        flatc_args = flatc_args,
        includes = includes,
    )
    native.cc_library(
        name = name,
        hdrs = [name + "_srcs"],
        features = ["-parse_headers"],
        visibility = visibility,
        deps = [Label("//:runtime_cc")],
    )

def flatbuffer_py_library(name, **_kwargs):
    """Declares no target; whatever depends on it says so.

    Args:
      name: unused.
      **_kwargs: unused.
    """
