"""The metered gateway: chat completions of an upstream, paid from prepaid credit."""
