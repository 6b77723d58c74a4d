"""What each flavour switches. In a rendered workspace, its own table stands in this file's place."""

# Canonical label of the string_flag that names the flavour; None: there are no flavours.
FLAVOUR = None

# Flavour -> switch ("xnn_enable_...") -> "true" or "false". What is not named here is up to the
# --define and XNNPACK's default.
SWITCHES = {}
