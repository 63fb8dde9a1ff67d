"""All layouts, in the order in which a header is held against them."""

from pricing_data.usage_files.clouds import BEDROCK_LINES, VERTEX_LINES
from pricing_data.usage_files.gateways import LITELLM_DAYS, LITELLM_LOGS, OPENROUTER_ACTIVITY, OPENROUTER_DAYS
from pricing_data.usage_files.layout import CHARGES, THINGS, TOKEN_COUNTS, Layout
from pricing_data.usage_files.providers import (
    ANTHROPIC_COST_REPORT,
    ANTHROPIC_COSTS,
    ANTHROPIC_USAGE,
    ANTHROPIC_USAGE_REPORT,
    OPENAI_COSTS,
    OPENAI_USAGE,
)

GENERIC = Layout(
    "plain columns",
    {
        **{
            name: (name,) for name in (*TOKEN_COUNTS, *THINGS, *CHARGES, "seconds", "requests", "speed", "total_tokens")
        },
        # An instant is worth more than a day: prices may differ by the hour.
        "date": ("timestamp", "date", "day"),
        "model": ("model",),
        "service_tier": ("service_tier",),
        "batch": ("batch",),
        "region": ("region",),
        "context_window": ("context_window",),
        "cost_usd": ("cost_usd", "billed", "cost"),
    },
    needed=("model", "input_tokens"),
)
USAGE = (
    OPENAI_USAGE,
    ANTHROPIC_USAGE,
    ANTHROPIC_USAGE_REPORT,
    OPENROUTER_ACTIVITY,
    OPENROUTER_DAYS,
    LITELLM_LOGS,
    LITELLM_DAYS,
    BEDROCK_LINES,
    VERTEX_LINES,
    GENERIC,
)
COSTS = (OPENAI_COSTS, ANTHROPIC_COSTS, ANTHROPIC_COST_REPORT)
