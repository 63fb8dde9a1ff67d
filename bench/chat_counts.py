"""Compare counts of a chat with counts of its text, by family, and with LiteLLM's `/utils/token_counter`."""

import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import httpx2

from bench.endpoint import service
from bench.gateway import CONNECTIONS
from bench.load import SECONDS, Target, requests_per_second
from bench.peers import found
from bench.report import Section
from bench.texts import kinds
from tests.litellm_proxy import ABSENT, KEY, MODEL, is_installed, litellm_proxy, mocked
from tests.tokenizer_registry.chat.recorded_calls import RECORDED
from tokenizer_registry import Registry
from tokenizer_registry.chat.count import count_request, read_request
from tokenizer_registry.chat.logs import LoggedCall, read_log
from tokenizer_registry.chat.request_texts import request_texts

MESSAGES, CHARACTERS = 20, 400
CHATS = 100
ROUNDS = 5
COMPARED = "gpt-4o"
RECORDED_CHATS = 100
VERBS = ("get", "list", "create", "update", "delete", "search", "send", "cancel", "assign", "export")
NOUNS = ("account", "order", "invoice", "customer", "ticket", "project", "user", "file", "event", "report")


class Family(NamedTuple):
    """Models that are counted alike: one of them, and the shape of its provider's requests."""

    name: str
    model: str
    shape: str


FAMILIES = (
    Family("OpenAI", "gpt-4o", "openai_chat"),
    Family("OpenAI, Responses", "gpt-5-mini", "openai_responses"),
    Family("Claude (estimate)", "claude-sonnet-4-5", "anthropic_messages"),
    Family("Gemini 2.5", "gemini-2.5-pro", "gemini_contents"),
    Family("Gemini 3", "gemini-3-pro-preview", "gemini_contents"),
    Family("Qwen 3", "qwen3-32b", "openai_chat"),
    Family("Llama 3.3", "llama-3.3-70b-instruct", "openai_chat"),
    Family("Mistral", "mistral-large-2411", "openai_chat"),
    Family("gpt-oss", "gpt-oss-20b", "openai_chat"),
)


def chat_counts() -> Iterator[Section]:
    """Yield the table of families in process and over HTTP, and the one beside the peer."""
    about = (
        f"A chat of {MESSAGES} messages of {CHARACTERS} characters and {len(VERBS)} tools, one model, the tools as in "
        "the request before; its text is all that stands in the same request, as one text. In process: "
        f"microseconds of one thread, medians of {CHATS} new chats. Over HTTP: calls a second of one worker, with "
        f"{CONNECTIONS} callers, medians of {ROUNDS} rounds in turn; the service has the words of all texts by then."
    )
    columns = ("family", "chat, µs", "text, µs", "ratio", "chats a second over HTTP", "texts a second", "ratio")
    with service(1) as server:
        target = Target(server.url, server.demo_key)
        rows = [[family.name, *_in_process(family), *_over_http(family, target)] for family in FAMILIES]
    yield Section("Chats beside their text", about, columns, rows)
    yield beside_the_peer()


def _in_process(family: Family) -> list[str]:
    """Count chats and texts that the process has not seen, each half in another order of the two."""
    registry = Registry.from_package()
    bodies = [in_shape(family.shape, chat) for chat in chats(3 * CHATS)]
    texts = [whole_text(family.shape, body) for body in bodies]
    counted = _counted(registry, family)
    text_counted = _text_counted(registry, family)
    for body, text in zip(bodies[:CHATS], texts[:CHATS], strict=True):
        counted(body)
        text_counted(text)
    of_chats = [_microseconds(counted, body) for body in bodies[CHATS : 2 * CHATS]]
    of_texts = [_microseconds(text_counted, text) for text in texts[2 * CHATS :]]
    slow, fast = statistics.median(of_chats), statistics.median(of_texts)
    return [f"{slow:,.0f}", f"{fast:,.0f}", f"{fast / slow:.2f}"]


def _counted(registry: Registry, family: Family) -> Callable[[Any], Any]:
    return lambda body: count_request(registry, family.shape, body, family.model)


def _text_counted(registry: Registry, family: Family) -> Callable[[Any], Any]:
    model = registry.names.resolve(family.model).model
    return lambda text: registry.count(text, [model], estimate=registry.estimator(model) is not None)


def _microseconds(work: Callable[[Any], Any], given: Any) -> float:
    began = time.thread_time_ns()
    work(given)
    return (time.thread_time_ns() - began) / 1_000


def _over_http(family: Family, target: Target) -> list[str]:
    bodies = [in_shape(family.shape, chat) for chat in chats(CHATS)]
    asked = {"models": [family.model], **({"estimate": True} if "estimate" in family.name else {})}
    as_chats = [json.dumps({"type": "chat", family.shape: body, **asked}).encode() for body in bodies]
    as_texts = [
        json.dumps({"type": "text", "input": whole_text(family.shape, body), **asked}).encode() for body in bodies
    ]
    rates = [
        [requests_per_second(target, each, connections=CONNECTIONS) for each in (as_chats, as_texts)]
        for _ in range(ROUNDS)
    ]
    chat, text = (statistics.median(column) for column in zip(*rates, strict=True))
    return [f"{chat:,.0f}", f"{text:,.0f}", f"{chat / text:.2f}"]


def beside_the_peer() -> Section:
    """Return the rates of both on the same chats, and how many recorded chats each counts as the provider billed."""
    title = "Chats beside a peer"
    about = (
        f"One worker each, {COMPARED}, {CHATS} chats of {MESSAGES} messages and {len(VERBS)} tools in turn, "
        f"{CONNECTIONS} callers; medians of {ROUNDS} rounds of {SECONDS} second in turn. The recorded chats are "
        "requests to OpenAI without images, by the rules of their day; billed is the provider's own number."
    )
    columns = ("what", "counts", "LiteLLM's token_counter", "ratio")
    if not is_installed():
        return Section(title, ABSENT, columns, [])
    bodies = list(chats(CHATS))
    ours = [json.dumps({"type": "chat", "openai_chat": body, "models": [COMPARED]}).encode() for body in bodies]
    theirs = [json.dumps({"model": MODEL, **body}).encode() for body in bodies]
    with (
        tempfile.TemporaryDirectory() as folder,
        service(1) as server,
        litellm_proxy(Path(folder), {**mocked("yes"), "model": f"openai/{COMPARED}"}) as url,
    ):
        peer = Target(url.removesuffix("/v1"), f"Bearer {KEY}", "Authorization", "/utils/token_counter")
        mine = Target(server.url, server.demo_key)
        pairs = ((mine, ours), (peer, theirs))
        rates = [[requests_per_second(*pair, connections=CONNECTIONS) for pair in pairs] for _ in range(ROUNDS)]
        calls = recorded_chats()
        exact = [sum(_is_exact(each, mine, peer)[side] for each in calls) for side in (0, 1)] if calls else [0, 0]
    fast, slow = (statistics.median(column) for column in zip(*rates, strict=True))
    rows = [["a second", f"{fast:,.0f}", f"{slow:,.0f}", f"{fast / slow:.1f}"]]
    rows.append([f"of {len(calls)} recorded chats counted as billed", *map(str, exact), ""])
    return Section(title, about, columns, rows)


def recorded_chats() -> list[LoggedCall]:
    """Return the first calls of the log to OpenAI itself that have no image; none if there is no log."""
    if not RECORDED.exists():
        return []
    calls = (call for call in read_log(RECORDED) if call.shape == "openai_chat" and call.host == "openai")
    return [call for call in calls if "image_url" not in json.dumps(call.body)][:RECORDED_CHATS]


def _is_exact(call: LoggedCall, mine: Target, peer: Target) -> tuple[bool, bool]:
    """Return whether each counts a recorded chat as the provider did."""
    model = call.models[0]
    day = {"as_of": call.at.isoformat()} if call.at is not None else {}
    ours = {"type": "chat", "openai_chat": call.body, "models": [model], "estimate": True, **day}
    tools = {name: call.body[name] for name in ("tools", "tool_choice") if name in call.body}
    theirs = {"model": model, "messages": call.body["messages"], **tools}
    return _tokens(mine, ours) == call.input_tokens, _tokens(peer, theirs) == call.input_tokens


def _tokens(target: Target, body: Any) -> int | None:
    try:
        return found(target, json.dumps(body).encode())
    except (httpx2.HTTPStatusError, TypeError):
        return None


def whole_text(shape: str, body: Any) -> str:
    """Return all texts of a request as one."""
    return "\n".join(request_texts(read_request(shape, body)))


def chats(number: int) -> Iterator[dict[str, Any]]:
    """Yield chats of prose, code and twelve languages in OpenAI's shape, all with the same tools."""
    dice = Random(5)
    prose, code, languages = (kind.fresh for kind in kinds(CHARACTERS, number * MESSAGES // 2))
    texts = [*prose, *code[: len(code) // 2], *languages[: len(languages) // 2]]
    dice.shuffle(texts)
    tools = [_tool(*names) for names in zip(VERBS, NOUNS, strict=True)]
    for first in range(0, number * MESSAGES, MESSAGES):
        system, *others = texts[first : first + MESSAGES]
        roles = ["user" if place % 2 == 0 else "assistant" for place in range(len(others))]
        messages = [{"role": role, "content": text} for role, text in zip(roles, others, strict=True)]
        yield {"messages": [{"role": "system", "content": system}, *messages], "tools": tools}


def _tool(verb: str, noun: str) -> dict[str, Any]:
    properties = {
        f"{noun}_id": {"type": "string", "description": f"The identifier of the {noun}, as it is on the page."},
        "name": {"type": "string", "description": f"The name of the {noun}; a part of it is enough."},
        "state": {"type": "string", "enum": ["open", "closed", "pending"], "description": "Those of this state alone."},
        "limit": {"type": "integer", "description": "The largest number of results to return."},
    }
    schema = {"type": "object", "properties": properties, "required": [f"{noun}_id"]}
    description = f"{verb.capitalize()} {noun}s of the workspace, and return them with all of their fields."
    return {
        "type": "function",
        "function": {"name": f"{verb}_{noun}", "description": description, "parameters": schema},
    }


def in_shape(shape: str, chat: dict[str, Any]) -> dict[str, Any]:
    """Return a chat in the shape of another provider."""
    system, *messages = chat["messages"]
    functions = [tool["function"] for tool in chat["tools"]]
    match shape:
        case "openai_responses":
            tools = [{"type": "function", **function} for function in functions]
            return {"instructions": system["content"], "input": messages, "tools": tools}
        case "anthropic_messages":
            tools = [
                {"name": each["name"], "description": each["description"], "input_schema": each["parameters"]}
                for each in functions
            ]
            return {"system": system["content"], "messages": messages, "tools": tools}
        case "gemini_contents":
            roles = {"user": "user", "assistant": "model"}
            contents = [{"role": roles[each["role"]], "parts": [{"text": each["content"]}]} for each in messages]
            return {
                "systemInstruction": {"role": "user", "parts": [{"text": system["content"]}]},
                "contents": contents,
                "tools": [{"functionDeclarations": functions}],
            }
        case _:
            return chat
