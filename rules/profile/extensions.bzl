"""`profiles`: the module extension that takes a profile from what `xnnkit render --format package` wrote.

In a MODULE.bazel:

    profiles = use_extension("@xnnkit//rules/profile:extensions.bzl", "profiles")
    profiles.use(profile = "//third_party/gemma-2024-05:profile.json")
    use_repo(profiles, "mediapipe", "XNNPACK")

Every archive of the profile becomes a repository; which of them stand behind `@XNNPACK` is decided
by `--@xnnkit//rules/flavour`.
"""

load("//rules/private:profile_extension.bzl", _profiles = "profiles")

profiles = _profiles
