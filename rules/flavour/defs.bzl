"""`flavoured_binary_rule`: build any cc_binary once per flavour, for one platform, in one invocation.

In a .bzl of yours:

    load("@xnnkit//rules/flavour:defs.bzl", "flavoured_binary_rule")
    my_binary = flavoured_binary_rule({
        "upstream": {"@XNNPACK//:xnn_enable_kleidiai": "false"},
        "kleidiai": {"@XNNPACK//:xnn_enable_kleidiai": "true"},
    })

and in a BUILD file:

    my_binary(name = "llm_block_kleidiai", binary = "//llm_block", flavour = "kleidiai")
"""

load("//rules/private:flavoured_binary.bzl", _flavoured_binary_rule = "flavoured_binary_rule")

flavoured_binary_rule = _flavoured_binary_rule
