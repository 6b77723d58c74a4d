"""The cc_toolchain on zig's clang and lld, with every flag written down here."""

load("@bazel_skylib//rules:common_settings.bzl", "BuildSettingInfo")
load("@bazel_tools//tools/build_defs/cc:action_names.bzl", "ACTION_NAMES")
load(
    "@bazel_tools//tools/cpp:cc_toolchain_config_lib.bzl",
    "feature",
    "flag_group",
    "flag_set",
    "tool_path",
    "with_feature_set",
)
load(":zig_repository.bzl", "TARGETS")

_COMPILE = [
    ACTION_NAMES.assemble,
    ACTION_NAMES.preprocess_assemble,
    ACTION_NAMES.linkstamp_compile,
    ACTION_NAMES.c_compile,
    ACTION_NAMES.cpp_compile,
    ACTION_NAMES.cpp_header_parsing,
    ACTION_NAMES.cpp_module_compile,
    ACTION_NAMES.cpp_module_codegen,
    ACTION_NAMES.lto_backend,
    ACTION_NAMES.clif_match,
]

_CPP = [
    ACTION_NAMES.linkstamp_compile,
    ACTION_NAMES.cpp_compile,
    ACTION_NAMES.cpp_header_parsing,
    ACTION_NAMES.cpp_module_compile,
    ACTION_NAMES.cpp_module_codegen,
    ACTION_NAMES.lto_backend,
    ACTION_NAMES.clif_match,
]

_LINK = [
    ACTION_NAMES.cpp_link_executable,
    ACTION_NAMES.cpp_link_dynamic_library,
    ACTION_NAMES.cpp_link_nodeps_dynamic_library,
]

# zig 0.13's libc++ is configured by macros, not by a __config_site: these are what `zig c++`
# itself passes for musl (ZIG_VERBOSE_CC=1), and the prebuilt libc++.a was built with them.
_LIBCXX_DEFINES = [
    "-D_LIBCPP_ABI_NAMESPACE=__1",
    "-D_LIBCPP_ABI_VERSION=1",
    "-D_LIBCPP_DISABLE_VISIBILITY_ANNOTATIONS",
    "-D_LIBCPP_HARDENING_MODE=_LIBCPP_HARDENING_MODE_NONE",
    "-D_LIBCPP_HAS_MUSL_LIBC",
    "-D_LIBCPP_HAS_NO_VENDOR_AVAILABILITY_ANNOTATIONS",
    "-D_LIBCPP_PSTL_CPU_BACKEND_SERIAL",
    "-D_LIBCXXABI_DISABLE_VISIBILITY_ANNOTATIONS",
]

# No clock, no place: __DATE__ and friends are constants, and paths are relative to the exec root.
_REPRODUCIBLE = [
    "-D__DATE__=\"redacted\"",
    "-D__TIMESTAMP__=\"redacted\"",
    "-D__TIME__=\"redacted\"",
    "-Wno-builtin-macro-redefined",
    "-fdebug-compilation-dir=.",
    "-ffile-prefix-map=bazel-out=out",
    "-no-canonical-prefixes",
]

def _flags(name, actions, flags, enabled = True, with_features = []):
    return feature(
        name = name,
        enabled = enabled,
        flag_sets = [flag_set(
            actions = actions,
            flag_groups = [flag_group(flags = flags)],
            with_features = with_features,
        )] if flags else [],
    )

def _march(ctx):
    extras = ""
    if ctx.attr._dotprod[BuildSettingInfo].value:
        extras += "+dotprod"
    if ctx.attr._i8mm[BuildSettingInfo].value:
        extras += "+i8mm"
    if ctx.attr.target != "aarch64":
        return []
    return ["-march=armv8.2-a" + extras] if extras else ["-march=armv8-a"]

def _config_impl(ctx):
    target = TARGETS[ctx.attr.target]
    zig = ctx.file._zig.dirname
    sysroot = ctx.file.crt1.dirname
    lib = zig + "/lib"
    arch = target.triple.split("-")[0]
    includes_cpp = [
        lib + "/libcxx/include",
        lib + "/libcxxabi/include",
        lib + "/libunwind/include",
    ]
    includes = [
        lib + "/include",
        lib + "/libc/include/" + target.triple,
        lib + "/libc/include/generic-musl",
        lib + "/libc/include/{}-linux-any".format("x86" if arch == "x86_64" else arch),
        lib + "/libc/include/any-linux-any",
    ]
    system = lambda paths: [word for path in paths for word in ("-isystem", path)]
    opt = [with_feature_set(features = ["opt"])]
    features = [
        feature(name = "opt"),
        feature(name = "dbg"),
        feature(name = "fastbuild"),
        feature(name = "supports_start_end_lib", enabled = True),
        feature(name = "static_linking_mode"),
        # Sanitised in one place: the same feature set whatever the flavour.
        _flags("target", _COMPILE + _LINK, ["--target=" + target.triple, "-Wno-unused-command-line-argument"]),
        _flags("march", _COMPILE, _march(ctx)),
        _flags("no_host_headers", _COMPILE, ["-nostdinc", "--no-default-config"]),
        _flags("reproducible", _COMPILE, _REPRODUCIBLE),
        _flags("sections", _COMPILE, ["-ffunction-sections", "-fdata-sections", "-fno-spell-checking"]),
        _flags("optimize", _COMPILE, ["-" + ctx.attr._optimization[BuildSettingInfo].value, "-DNDEBUG", "-g0"], with_features = opt),
        _flags("debug_symbols", _COMPILE, ["-g"], with_features = [with_feature_set(features = ["dbg"])]),
        # libc++ comes first and the C headers after the user's own, as in any driver: unfiltered
        # flags stand behind copts, so a copt cannot take a system header's place.
        feature(
            name = "unfiltered_compile_flags",
            enabled = True,
            flag_sets = [
                flag_set(actions = _CPP, flag_groups = [flag_group(flags = ["-nostdinc++"] + _LIBCXX_DEFINES + system(includes_cpp))]),
                flag_set(actions = _COMPILE, flag_groups = [flag_group(flags = system(includes))]),
            ],
        ),
        _flags("link", _LINK, [
            "--ld-path={}/bin/ld.lld".format(zig),
            "-nostdlib",
            "-static",
            "-L" + sysroot,
            "-Wl,--build-id=sha1",
            "-Wl,--eh-frame-hdr",
            "-Wl,-z,noexecstack",
            "-Wl,-z,relro",
            "-Wl,-z,now",
            # musl's default of 128 KiB for threads is too little for deep C++ stacks; zig's own value.
            "-Wl,-z,stack-size=16777216",
            # The sysroot's objects carry the path they were built at in their debug sections.
            "-Wl,--strip-debug",
            sysroot + "/crt1.o",
            sysroot + "/crti.o",
        ]),
        _flags("gc_sections", _LINK, ["-Wl,--gc-sections"], with_features = opt),
        feature(
            name = "runtime_libraries",
            enabled = True,
            flag_sets = [flag_set(
                actions = _LINK,
                flag_groups = [flag_group(flags = [
                    "-Wl,--start-group",
                    sysroot + "/libc++.a",
                    sysroot + "/libc++abi.a",
                    sysroot + "/libunwind.a",
                    sysroot + "/libc.a",
                    sysroot + "/libcompiler_rt.a",
                    "-Wl,--end-group",
                    sysroot + "/crtn.o",
                ])],
            )],
        ),
    ]
    return cc_common.create_cc_toolchain_config_info(
        ctx = ctx,
        features = features,
        cxx_builtin_include_directories = includes_cpp + includes,
        toolchain_identifier = "zig-" + target.triple,
        host_system_name = "local",
        target_system_name = target.triple,
        target_cpu = target.cpu,
        target_libc = "musl",
        compiler = "clang",
        abi_version = "unknown",
        abi_libc_version = "unknown",
        tool_paths = [
            tool_path(name = "ar", path = "bin/ar"),
            tool_path(name = "cpp", path = "bin/clang"),
            tool_path(name = "gcc", path = "bin/clang"),
            tool_path(name = "ld", path = "bin/ld.lld"),
            tool_path(name = "objcopy", path = "bin/objcopy"),
            tool_path(name = "strip", path = "bin/objcopy"),
            tool_path(name = "gcov", path = "/bin/false"),
            tool_path(name = "llvm-cov", path = "/bin/false"),
            tool_path(name = "nm", path = "/bin/false"),
            tool_path(name = "objdump", path = "/bin/false"),
            tool_path(name = "dwp", path = "/bin/false"),
        ],
    )

zig_cc_toolchain_config = rule(
    implementation = _config_impl,
    doc = "Every flag of the zig toolchain, for one target.",
    attrs = {
        "target": attr.string(mandatory = True, values = TARGETS.keys()),
        "crt1": attr.label(mandatory = True, allow_single_file = True),
        "_zig": attr.label(default = Label("@zig//:zig"), allow_single_file = True),
        "_dotprod": attr.label(default = Label("//rules/toolchains:dotprod")),
        "_i8mm": attr.label(default = Label("//rules/toolchains:i8mm")),
        "_optimization": attr.label(default = Label("//rules/toolchains:optimization")),
    },
    provides = [CcToolchainConfigInfo],
)

def zig_cc_toolchain(name):
    """Defines the cc_toolchain `name`, one of the targets of zig_repository.bzl.

    Args:
      name: "aarch64" or "x86_64".
    """

    # Resolved here: the BUILD file that calls this is @zig's, which knows none of these names.
    sysroot = str(Label("@zig_sysroot_{}//:files".format(name))).removesuffix("//:files")
    zig_cc_toolchain_config(
        name = name + "_config",
        target = name,
        crt1 = sysroot + "//:lib/crt1.o",
    )
    native.filegroup(
        name = name + "_compiler_files",
        srcs = [":compiler", ":headers"],
    )
    native.filegroup(
        name = name + "_linker_files",
        srcs = [":linker", sysroot + "//:files"],
    )
    native.filegroup(
        name = name + "_all_files",
        srcs = [name + "_compiler_files", name + "_linker_files", ":archiver", ":objcopy"],
    )
    native.cc_toolchain(
        name = name,
        all_files = name + "_all_files",
        ar_files = ":archiver",
        as_files = name + "_compiler_files",
        compiler_files = name + "_compiler_files",
        dwp_files = ":archiver",
        linker_files = name + "_linker_files",
        objcopy_files = ":objcopy",
        strip_files = ":objcopy",
        supports_param_files = True,
        toolchain_config = name + "_config",
    )
