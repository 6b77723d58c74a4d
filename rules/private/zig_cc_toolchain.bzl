"""The cc_toolchain on zig's clang and lld, with every flag written down here."""

load(
    "@bazel_tools//tools/cpp:cc_toolchain_config_lib.bzl",
    "feature",
    "flag_group",
    "flag_set",
    "tool_path",
)
load(":cc_flags.bzl", "COMPILE", "CPP", "DBG", "LINK", "OPT", "REPRODUCIBLE", "SECTIONS", "SETTINGS", "flags", "march", "optimize")
load(":zig_repository.bzl", "TARGETS")

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

def _config_impl(ctx):
    target = TARGETS[ctx.attr.target]
    zig = ctx.file._zig.dirname
    sysroot = ctx.file.crt1.dirname

    # The driver adds lib, and without one the host's /lib, /usr/lib and /usr/lib/gcc.
    root = sysroot.removesuffix("/lib")
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
    features = [
        feature(name = "opt"),
        feature(name = "dbg"),
        feature(name = "fastbuild"),
        feature(name = "supports_start_end_lib", enabled = True),
        feature(name = "static_linking_mode"),
        # Sanitised in one place: the same feature set whatever the flavour.
        flags("target", COMPILE + LINK, [
            "--target=" + target.triple,
            "--sysroot=" + root,
            "--no-default-config",
            "-Wno-unused-command-line-argument",
        ]),
        flags("march", COMPILE, march(ctx) if arch == "aarch64" else []),
        flags("no_host_headers", COMPILE, ["-nostdinc"]),
        flags("reproducible", COMPILE, REPRODUCIBLE),
        flags("sections", COMPILE, SECTIONS),
        flags("optimize", COMPILE, optimize(ctx), with_features = OPT),
        flags("debug_symbols", COMPILE, ["-g"], with_features = DBG),
        # libc++ comes first and the C headers after the user's own, as in any driver: unfiltered
        # flags stand behind copts, so a copt cannot take a system header's place.
        feature(
            name = "unfiltered_compile_flags",
            enabled = True,
            flag_sets = [
                flag_set(actions = CPP, flag_groups = [flag_group(flags = ["-nostdinc++"] + _LIBCXX_DEFINES + system(includes_cpp))]),
                flag_set(actions = COMPILE, flag_groups = [flag_group(flags = system(includes))]),
            ],
        ),
        flags("link", LINK, [
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
        flags("gc_sections", LINK, ["-Wl,--gc-sections"], with_features = OPT),
        feature(
            name = "runtime_libraries",
            enabled = True,
            flag_sets = [flag_set(
                actions = LINK,
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
    } | SETTINGS,
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
