"""Records what LiteLLM's pinned file states of each model, read plainly, for a test: tests/data/litellm_rates.json.

python -m scripts.record_litellm_rates

Only fields whose name and unit are plain: input, output, caches and batches per token, in one tier. It shares no code
with the reader from which the book is made.
"""

import hashlib
import json
import re
import sys
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from pricing_data.refresh.model_rules import read_model_rules, read_pins
from scripts.build_prices import CACHE, PINS, ROOT, UPSTREAM

MEMBER = "litellm/model_prices_and_context_window_backup.json"
TARGET = ROOT / "tests" / "data" / "litellm_rates.json"
FIELD = re.compile(
    r"(?P<rate>input_cost_per_token|output_cost_per_token|cache_read_input_token_cost|cache_creation_input_token_cost)"
    r"(_above_(?P<above>\d+)k_tokens)?(_(?P<service>batches|flex|priority))?"
)
RATES = {
    "input_cost_per_token": "input",
    "output_cost_per_token": "output",
    "cache_read_input_token_cost": "cached_input",
    "cache_creation_input_token_cost": "cache_write",
}
MODES = {"chat", "completion", "responses", "embedding"}


def rates(entry: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the path and value of each plain field of an entry."""
    for name, value in entry.items():
        found = FIELD.fullmatch(name)
        if found is None or not value:
            continue
        service = {"batches": "batch.", None: ""}.get(found["service"], f"{found['service']}.")
        above = f">{int(found['above']) * 1000}" if found["above"] else ""
        yield f"{service}{RATES[found['rate']]}{above}", str(Decimal(value))


def main() -> int:
    """Write LiteLLM's rates of the models whose makers sell them. Return the exit status."""
    pin = read_pins(PINS).packages["litellm"]
    with zipfile.ZipFile(CACHE / pin.wheel) as wheel:
        entries = json.loads(wheel.read(MEMBER), parse_float=Decimal)
    sold = {name: one for name, one in read_model_rules(UPSTREAM).items() if one.policy == "first_party"}
    upstream = {name: one.ids.get("litellm") for name, one in sold.items()}
    found = {
        name: dict(rates(entries[key]))
        for name, key in sorted(upstream.items())
        if key in entries and entries[key].get("mode") in MODES and entries[key].get("input_cost_per_token")
    }
    digest = hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()
    whole = {"package": "litellm", "version": pin.version, "wheel_sha256": pin.sha256, "sha256": digest, "rates": found}
    TARGET.write_text(json.dumps(whole, indent=0) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
