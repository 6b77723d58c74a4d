"""The cc_toolchain on the clang, lld, bionic and libc++ of an Android NDK, for arm64."""

load(
    "@bazel_tools//tools/cpp:cc_toolchain_config_lib.bzl",
    "feature",
    "flag_group",
    "flag_set",
    "tool_path",
)
load(":cc_flags.bzl", "COMPILE", "CPP", "DBG", "LINK", "OPT", "REPRODUCIBLE", "SECTIONS", "SETTINGS", "flags", "march", "optimize")

# Bazel's and the NDK's name of the ABI; what `--cpu` said before there were platforms.
CPU = "arm64-v8a"

_TRIPLE = "aarch64-linux-android"

def _config_impl(ctx):
    root = ctx.file.properties.dirname
    prebuilt = "{}/{}".format(root, ctx.attr.prebuilt)
    resources = "{}/{}".format(root, ctx.attr.resources)
    sysroot = prebuilt + "/sysroot"
    target = ["--target={}{}".format(_TRIPLE, ctx.attr.api_level), "-Wno-unused-command-line-argument"]

    # Named, so that clang need not ask the file system where its own binary lies.
    target += ["--sysroot=" + sysroot, "-resource-dir=" + resources, "-no-canonical-prefixes"]
    if ctx.attr.clang_major >= 16:
        # Older ones know neither the flag nor the files it turns off.
        target.append("--no-default-config")
    features = [
        feature(name = "opt"),
        feature(name = "dbg"),
        feature(name = "fastbuild"),
        feature(name = "supports_pic", enabled = True),
        feature(name = "supports_start_end_lib", enabled = True),
        feature(name = "static_linking_mode"),
        flags("target", COMPILE + LINK, target),
        flags("march", COMPILE, march(ctx)),
        flags("reproducible", COMPILE, REPRODUCIBLE),
        flags("sections", COMPILE, SECTIONS),
        flags("optimize", COMPILE, optimize(ctx), with_features = OPT),
        flags("debug_symbols", COMPILE, ["-g"], with_features = DBG),
        # Android starts only position-independent programs; what goes into a shared library says so.
        feature(
            name = "pic",
            enabled = True,
            flag_sets = [
                flag_set(actions = COMPILE, flag_groups = [flag_group(flags = ["-fPIC"], expand_if_available = "pic")]),
                flag_set(actions = COMPILE, flag_groups = [flag_group(flags = ["-fPIE"], expand_if_not_available = "pic")]),
            ],
        ),
        flags("libcxx", CPP, ["-stdlib=libc++"]),
        flags("pie", [LINK[0]], ["-pie"]),
        flags("link", LINK, [
            # As clang++: it knows what the NDK's release wants linked, and in which order.
            "--driver-mode=g++",
            "--ld-path={}/bin/ld.lld".format(prebuilt),
            "-stdlib=libc++",
            "-static-libstdc++",
            "-rtlib=compiler-rt",
            "-unwindlib=libunwind",
            "-L{}/empty".format(root),
            # XNNPACK and cpuinfo log to Android's log without asking for its library.
            "-Wl,--push-state,--as-needed",
            "-llog",
            "-Wl,--pop-state",
            "-Wl,--build-id=sha1",
            "-Wl,--eh-frame-hdr",
            "-Wl,-z,noexecstack",
            "-Wl,-z,relro",
            "-Wl,-z,now",
            # Devices with 16 KiB pages refuse less; releases before r28 default to 4 KiB. Said here, so
            # that the layout does not depend on the release.
            "-Wl,-z,max-page-size=16384",
            # clang asks /etc/os-release which distribution it runs on, and has other defaults on some.
            "-Wl,--hash-style=" + ("gnu" if ctx.attr.api_level >= 23 else "both"),
            "-Wl,--enable-new-dtags",
            # A name that no library has is an error now and not when the phone starts the program.
            "-Wl,--no-undefined",
            # The NDK's own objects carry the path they were built at in their debug sections.
            "-Wl,--strip-debug",
        ]),
        flags("gc_sections", LINK, ["-Wl,--gc-sections"], with_features = OPT),
    ]
    tools = ctx.attr.prebuilt + "/bin/"
    return cc_common.create_cc_toolchain_config_info(
        ctx = ctx,
        features = features,
        cxx_builtin_include_directories = [
            sysroot + "/usr/include/c++/v1",
            resources + "/include",
            sysroot + "/usr/include",
        ],
        toolchain_identifier = "ndk-{}{}".format(_TRIPLE, ctx.attr.api_level),
        host_system_name = "local",
        target_system_name = _TRIPLE,
        target_cpu = CPU,
        target_libc = "bionic",
        compiler = "clang",
        abi_version = CPU,
        abi_libc_version = str(ctx.attr.api_level),
        tool_paths = [
            tool_path(name = "ar", path = tools + "llvm-ar"),
            tool_path(name = "cpp", path = tools + "clang"),
            tool_path(name = "gcc", path = tools + "clang"),
            tool_path(name = "ld", path = tools + "ld.lld"),
            tool_path(name = "nm", path = tools + "llvm-nm"),
            tool_path(name = "objcopy", path = tools + "llvm-objcopy"),
            tool_path(name = "objdump", path = tools + "llvm-objdump"),
            tool_path(name = "strip", path = tools + "llvm-strip"),
            tool_path(name = "gcov", path = "/bin/false"),
            tool_path(name = "llvm-cov", path = "/bin/false"),
            tool_path(name = "dwp", path = "/bin/false"),
        ],
    )

ndk_cc_toolchain_config = rule(
    implementation = _config_impl,
    doc = "Every flag of the NDK toolchain, for arm64.",
    attrs = {
        "api_level": attr.int(mandatory = True, doc = "The oldest Android that the binary runs on."),
        "clang_major": attr.int(mandatory = True, doc = "clang's major version."),
        "prebuilt": attr.string(mandatory = True, doc = "The LLVM toolchain's folder, relative to the NDK's root."),
        "properties": attr.label(mandatory = True, allow_single_file = True, doc = "source.properties, which lies in the NDK's root."),
        "resources": attr.string(mandatory = True, doc = "clang's resource folder, relative to the NDK's root."),
    } | SETTINGS,
    provides = [CcToolchainConfigInfo],
)

def ndk_cc_toolchain(name, *, api_level, clang_major, prebuilt, resources):
    """Defines the cc_toolchain `name`; called by the NDK repository's own BUILD file.

    Args:
      name: the target's name.
      api_level: as in `ndk_repository`.
      clang_major: clang's major version.
      prebuilt: the LLVM toolchain's folder, relative to the NDK's root.
      resources: clang's resource folder, relative to the NDK's root.
    """
    ndk_cc_toolchain_config(
        name = name + "_config",
        api_level = api_level,
        clang_major = clang_major,
        prebuilt = prebuilt,
        properties = ":source.properties",
        resources = resources,
    )
    native.cc_toolchain(
        name = name,
        all_files = ":all_files",
        ar_files = ":archiver",
        as_files = ":compiler_files",
        compiler_files = ":compiler_files",
        dwp_files = ":empty",
        linker_files = ":linker_files",
        objcopy_files = ":objcopy",
        strip_files = ":objcopy",
        supports_param_files = True,
        toolchain_config = name + "_config",
    )
