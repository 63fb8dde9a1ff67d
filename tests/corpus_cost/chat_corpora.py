"""Chats of all kinds, and a plain loop over them."""

import json
import random
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from corpus_cost.workload import Workload
from pricing_data import PriceBook, Usage
from tests.corpus_cost.corpora import texts
from tests.images import png
from tokenizer_registry import Registry
from tokenizer_registry.chat.count import count_request

TOOL = {
    "type": "function",
    "function": {
        "name": "weigh",
        "description": "Weigh a lorry",
        "parameters": {"type": "object", "properties": {"plate": {"type": "string"}}, "required": ["plate"]},
    },
}


def bodies(count: int, seed: int = 1) -> list[dict[str, Any]]:
    """Requests in OpenAI's shape: some with a system text, answers, tools, calls, and images."""
    chance = random.Random(seed)
    words = list(texts(count * 3, seed=seed))
    found: list[dict[str, Any]] = []
    for number in range(count):
        asked, answered, more = words[3 * number : 3 * number + 3]
        messages: list[dict[str, Any]] = [{"role": "user", "content": asked}]
        if chance.random() < 0.5:
            messages = [{"role": "system", "content": "Be brief."}, *messages]
        if chance.random() < 0.3:
            messages += [{"role": "assistant", "content": answered}, {"role": "user", "content": more}]
        body: dict[str, Any] = {"messages": messages}
        if chance.random() < 0.2:
            body["tools"] = [TOOL]
        if chance.random() < 0.1:
            content = [{"type": "text", "text": asked}, {"type": "image_url", "image_url": {"url": png(64, 64)}}]
            body["messages"] = [{"role": "user", "content": content}]
        found.append(body)
    return found


def looped_chats(
    registry: Registry,
    book: PriceBook,
    model: str,
    requests: Iterable[tuple[str, dict[str, Any]]],
    workload: Workload,
) -> tuple[int, int, Decimal]:
    """Input tokens, output tokens and cost of requests with their shapes, one by one."""
    tokens = answered = 0
    usd = Decimal()
    for shape, body in requests:
        count = count_request(registry, shape, body, model).tokens
        assert count is not None
        output = workload.output.of(count, 0)
        cost = book.call_cost(model, Usage(count, output, workload.cached(count)), workload.terms)
        tokens, answered, usd = tokens + count, answered + output, usd + cost.total
    return tokens, answered, usd


def write_rows(path: Path, rows: Sequence[Any]) -> Path:
    """Write rows as JSON lines; those of bytes as they are."""
    lines = [row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows]
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path
