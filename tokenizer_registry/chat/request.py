"""The common form of a request: what all shapes are read into, and what every family renders."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

MediaKind = Literal["image", "audio", "video", "file"]
ThinkingMode = Literal["enabled", "adaptive"]
ChoiceMode = Literal["auto", "none", "required", "named"]

# A JSON object whose keys are the caller's: a schema, or arguments.
JsonObject = Mapping[str, Any]


class TextBlock(NamedTuple):
    """A text. A signed one is billed with the thoughts that it came from: `thought_tokens`, None if not given.

    Texts and turns are tuples, which take a third of the time to make: a chat may have 10,000 of each.
    """

    text: str
    is_signed: bool = False
    thought_tokens: int | None = None
    # Where it stands, if it is signed.
    path: str = ""


@dataclass(frozen=True, slots=True)
class MediaBlock:
    """An image, a sound, a video or a file, by what its header or the caller says of it.

    Sizes are in pixels, lengths in seconds. `text` is the content of a file that is plain text, `captions` what is said
    of it beside the content, as its title. `fault` says why the content cannot be what it is sent as.
    """

    kind: MediaKind
    path: str
    media_type: str | None = None
    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    pages: int | None = None
    detail: str | None = None
    text: str | None = None
    fault: str | None = None
    captions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ToolCallBlock:
    """A call that the model made. `arguments` is as it was sent: JSON text, or a value."""

    name: str
    arguments: Any
    path: str
    id: str | None = None
    is_signed: bool = False
    thought_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class ToolResultBlock:
    """The result of a call: blocks, or the JSON `value` that Gemini's shape has."""

    blocks: "tuple[TextBlock | MediaBlock | ToolReferenceBlock | UnknownBlock, ...]"
    path: str
    name: str | None = None
    id: str | None = None
    value: Any = None


@dataclass(frozen=True, slots=True)
class ThinkingBlock:
    """Earlier thoughts of the model. Signed or hidden ones cannot be counted from their text."""

    text: str
    path: str
    is_signed: bool = False
    thought_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class ToolReferenceBlock:
    """A deferred tool that a search has found; its definition is in the prompt from here on."""

    name: str
    path: str


@dataclass(frozen=True, slots=True)
class UnknownBlock:
    """A part of which it is not known what it costs."""

    kind: str
    path: str


Block = TextBlock | MediaBlock | ToolCallBlock | ToolResultBlock | ToolReferenceBlock | ThinkingBlock | UnknownBlock


class Turn(NamedTuple):
    """One message. Roles are `system`, `developer`, `user`, `assistant` and `tool`; `function` is the older `tool`."""

    role: str
    blocks: tuple[Block, ...]
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model may call; with `builtin`, one that the provider runs or knows."""

    name: str
    description: str
    parameters: JsonObject | None
    path: str
    builtin: str | None = None
    # Where Gemini's shape has JSON Schema rather than its own.
    is_json_schema: bool = True
    is_strict: bool = False
    # Whether the request has a description, be it an empty one.
    is_described: bool = False
    # Anthropic's `defer_loading`: not in the prompt until a search finds it.
    is_deferred: bool = False
    # What was made of a tool that is kept for later requests; None for one that is not.
    made: "dict[object, Any] | None" = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ToolChoice:
    """Which tools the model may or must call."""

    mode: ChoiceMode = "auto"
    name: str | None = None
    # At most one call in an answer.
    is_serial: bool = False


@dataclass(frozen=True, slots=True)
class ResponseFormat:
    """A JSON Schema that the answer follows; without `schema`, any JSON."""

    schema: JsonObject | None = None
    name: str | None = None
    description: str | None = None
    path: str = ""


NO_CHOICE: Final = ToolChoice()


@dataclass(frozen=True, slots=True)
class CommonRequest:
    """A whole request. `missing` names what it refers to and does not contain, such as an earlier response by id."""

    shape: str
    turns: tuple[Turn, ...]
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice = NO_CHOICE
    response_format: ResponseFormat | None = None
    missing: tuple[str, ...] = ()
    # The system text stands beside the messages: `instructions`, `system`, `systemInstruction`.
    has_instructions: bool = False
    # Gemini's `systemInstruction` has a role.
    has_instructions_role: bool = True
    # Anthropic's `thinking`: whether the model may think, and how.
    thinking: ThinkingMode | None = None
    has_task_budget: bool = False
    # What hosts of open models pass on to the chat template: `chat_template_kwargs`, `reasoning_effort`, `thinking`.
    template_options: JsonObject = field(default_factory=dict)
    # The text of each turn that has one text and nothing else; None for any other.
    plain_texts: tuple[str | None, ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Find the plain texts, which all counts begin with."""
        found = [
            blocks[0].text if name is None and len(blocks) == 1 and type(blocks[0]) is TextBlock else None
            for _, blocks, name in self.turns
        ]
        object.__setattr__(self, "plain_texts", tuple(found))
