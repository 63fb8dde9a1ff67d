"""Input tokens of a call as its upstream bills them: with the frame of messages, tools, calls, schemas and images."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from service.gateway.request import FORWARDED, ChatRequest
from tokenizer_registry import Registry, RegistryError, UncountableText
from tokenizer_registry.chat.count import count_request
from tokenizer_registry.chat.rules import OPEN_FAMILY, generation_of
from tokenizer_registry.chat.texts import TextCounter, text_counter

# The hosts of rules by the names of their servers, or by the end of these.
HOSTS: Final[Mapping[str, str]] = {
    "api.openai.com": "openai",
    "openai.azure.com": "azure-openai",
    "openrouter.ai": "openrouter",
    "api.anthropic.com": "anthropic",
    "generativelanguage.googleapis.com": "google-ai-studio",
    "aiplatform.googleapis.com": "google-vertex",
    "api.groq.com": "groq",
    "api.together.xyz": "together",
    "api.fireworks.ai": "fireworks",
    "api.deepseek.com": "deepseek",
    "api.mistral.ai": "mistral",
    "api.x.ai": "xai",
}
# Properties of which no token comes.
NEUTRAL: Final = frozenset(
    {
        *("frequency_penalty", "logit_bias", "logprobs", "n", "presence_penalty", "seed", "stop", "temperature"),
        *("top_logprobs", "top_p", "user", "verbosity"),
    }
)
_PLAIN: Final = frozenset({"role", "content"})
# Sequences of roles whose frame is kept.
MAX_FRAMES: Final = 1_024
MAX_PLAIN_MESSAGES: Final = 64
# A text that is one token in OpenAI's vocabularies.
_LETTER: Final = "a"


class ChatSize(NamedTuple):
    """Input tokens: `counted` or None where something is missing, and `bound`, the most, or None if there is none."""

    counted: int | None
    bound: int | None


class ChatSizes:
    """Counts the requests of one upstream's model. `host` sells it, None if its server is no known host's.

    Many requests have plain texts and nothing else. OpenAI's frame around those depends on the roles alone, so it is
    counted once for each sequence of roles.
    """

    def __init__(self, registry: Registry, model: str, host: str | None, system_prompt: str | None) -> None:
        self._registry = registry
        self._model = model
        self._host = host
        self._system = [{"role": "system", "content": system_prompt}] if system_prompt else []
        self._generation = generation_of(registry.names.resolve(model).model)
        self._counter = self._text_counter()
        self._frame = lru_cache(MAX_FRAMES)(self._frame_of)

    @property
    def is_short_work(self) -> bool:
        """Return whether a small request is counted in about 0.1 ms: by constants, and not by a template."""
        return self._generation is not None and self._generation.family != OPEN_FAMILY

    def size(self, request: ChatRequest) -> ChatSize:
        """Return the size of a request; none if it has properties that the gateway does not know.

        Raise UncountableText.
        """
        if not FORWARDED.keys() >= request.options.keys():
            return ChatSize(None, None)
        messages = [*self._system, *request.messages]
        if self._counter is not None and NEUTRAL.issuperset(request.options) and _are_plain(messages):
            frame = self._frame(tuple(message["role"] for message in messages))
            if frame.counted is not None and frame.bound is not None:
                tokens = sum(self._counter.count(message["content"]) for message in messages)
                return ChatSize(frame.counted + tokens, frame.bound + tokens)
        return self._size_of({"messages": messages, **request.options})

    def _size_of(self, body: Mapping[str, Any]) -> ChatSize:
        try:
            found = count_request(self._registry, "openai_chat", body, self._model, self._host)
        except UncountableText:
            raise
        except RegistryError:
            return ChatSize(None, None)
        return ChatSize(found.tokens, found.high)

    def _frame_of(self, roles: tuple[str, ...]) -> ChatSize:
        """Return the size of messages with these roles, less their texts."""
        found = self._size_of({"messages": [{"role": role, "content": _LETTER} for role in roles]})
        if found.counted is None or found.bound is None:
            return found
        return ChatSize(found.counted - len(roles), found.bound - len(roles))

    def _text_counter(self) -> TextCounter | None:
        """Return what counts texts exactly, where the frame depends on the roles alone."""
        if self._generation is None or self._generation.family != "openai":
            return None
        found = text_counter(self._registry, self._registry.names.resolve(self._model).model, self._generation)
        return found if found is not None and found.band(_LETTER) is None else None


def _are_plain(messages: list[Any]) -> bool:
    return len(messages) <= MAX_PLAIN_MESSAGES and all(
        message.keys() == _PLAIN and isinstance(message["content"], str) for message in messages
    )


def chat_sizes(registry: Registry, model: str, url: str, system_prompt: str | None) -> ChatSizes | None:
    """Return what counts the requests of an upstream, None if no rule is known for its model.

    A server of no known host makes the count an estimate: it may put more around messages.
    """
    found = registry.names.find(model)
    if found is None:
        return None
    sizes = ChatSizes(registry, model, host_of(url) or found.terms.host, system_prompt)
    message = {"role": "user", "content": _LETTER}
    probe = ChatRequest((message,), {}, (_LETTER,), None, stream=False, include_usage=False)
    return sizes if sizes.size(probe).bound is not None else None


def host_of(url: str) -> str:
    """Return the host of rules that a server is of, or the server's name."""
    server = urlsplit(url).hostname or ""
    found = (host for name, host in HOSTS.items() if server == name or server.endswith((f".{name}", f"-{name}")))
    return next(found, server)
