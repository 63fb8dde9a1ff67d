"""How the programs are asked: a line names what to try, a line of JSON says what came of it.

The programs run in environments of their own, without the packages of the service.
"""

import json
import os
import sys
import traceback
import uuid
from collections.abc import Callable, Iterable
from importlib.metadata import version
from typing import Any

BASE_URL = os.environ.get("GATEWAY_BASE_URL", "")
API_KEY = os.environ.get("GATEWAY_API_KEY", "")
MODEL = "cipher"
HELLO, AND_NOW, WARMTH, COUNT, DESCRIBE, ONCE = (
    "Hello",
    "And now?",
    "How warm is it in Paris?",
    "Count to three",
    "Describe Paris",
    "Once",
)
IDEMPOTENCY = {"Idempotency-Key": str(uuid.uuid4())}
TEMPERATURE = {
    "type": "function",
    "function": {
        "name": "temperature",
        "description": "The temperature in a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def temperature(city: str) -> str:
    """The temperature in a city."""
    return "21" if city == "Paris" else "0"


def result(answer: Any, *usages: Any) -> dict[str, Any]:
    """What came of a try: a text, a list of texts or a value; and the usage as the client has it."""
    pairs = [(usage.prompt_tokens, usage.completion_tokens) for usage in usages]
    return total(answer, sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs))


def total(answer: Any, prompt_tokens: int, completion_tokens: int) -> dict[str, Any]:
    """The same, with the sums of the usage."""
    return {"answer": answer, "usage": [prompt_tokens, completion_tokens]}


def attend(package: str, tries: Iterable[Callable[[], dict[str, Any]]]) -> None:
    """Say the version of the package; then do what is asked until the input ends. Null is what it has no way to do."""
    named = {attempt.__name__: attempt for attempt in tries}
    print(json.dumps({"version": version(package)}), flush=True)
    for line in sys.stdin:
        try:
            said = named[line.strip()]() if line.strip() in named else {"answer": None}
        except Exception:
            said = {"error": traceback.format_exc(limit=-4)}
        print(json.dumps(said), flush=True)
