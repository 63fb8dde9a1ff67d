"""A process that calls the gateway with the official client, and prints how often each outcome came, as JSON.

Arguments: BASE_URL KEY CALLS TOKENS. It says `ready`, and begins when a line comes in.
"""

import asyncio
import json
import sys
from collections import Counter

import openai

AT_ONCE = 8


async def outcome(client: openai.AsyncOpenAI, tokens: int, *, streamed: bool) -> str:
    """`paid` for a whole answer, else the code of the error."""
    try:
        if streamed:
            chunks = await client.chat.completions.create(
                model="cipher", messages=[{"role": "user", "content": "hello"}], max_tokens=tokens, stream=True
            )
            return "paid" if [chunk async for chunk in chunks][-1].choices[0].finish_reason == "stop" else "cut"
        await client.chat.completions.create(
            model="cipher", messages=[{"role": "user", "content": "hello"}], max_tokens=tokens
        )
    except openai.APIError as error:
        return error.code or type(error).__name__
    return "paid"


async def spend(base_url: str, key: str, calls: int, tokens: int) -> Counter[str]:
    """Every second call is streamed."""
    numbers = iter(range(calls))
    seen: Counter[str] = Counter()

    async def work(client: openai.AsyncOpenAI) -> None:
        for number in numbers:
            seen[await outcome(client, tokens, streamed=number % 2 == 1)] += 1

    async with openai.AsyncOpenAI(base_url=base_url, api_key=key, max_retries=0) as client:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        await asyncio.gather(*(work(client) for _ in range(AT_ONCE)))
    return seen


if __name__ == "__main__":
    _, base_url, key, calls, tokens = sys.argv
    sys.stdout.write(json.dumps(asyncio.run(spend(base_url, key, int(calls), int(tokens)))))
