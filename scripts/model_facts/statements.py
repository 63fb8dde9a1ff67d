"""What one entry of a source states of a model, fact by fact, without what cannot be true.

Left out, because the sources write it for "not known": sizes of 0, and those above MAX_TOKENS (LiteLLM has windows
of 1,000,000,000). An output of more than the window is left out: it counts something else, as the length of a vector.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from scripts.model_facts.entries import GENAI_PRICES, LITELLM, MODELS_DEV, Entry

Stated = int | bool | str | tuple[str, ...]
MODALITIES = ("text", "image", "audio", "video", "pdf", "embedding")
# The largest published window has 10,485,760 tokens (Llama 4 Scout).
MAX_TOKENS = 20_000_000
CUTOFF = re.compile(r"20\d\d(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?", re.ASCII)
LITELLM_INPUTS = {
    "supports_vision": "image",
    "supports_pdf_input": "pdf",
    "supports_audio_input": "audio",
    "supports_video_input": "video",
    "supports_embedding_image_input": "image",
}
# Facts of an undated name that do not hold for its snapshots.
OF_ONE_NAME = ("knowledge_cutoff", "retires")
TEXT_MODES = ("chat", "completion", "responses")


def stated(entry: Entry) -> dict[str, Stated]:
    """Return what an entry states, by fact.

    Beside the facts of a model: `litellm_input` is a window or a bound on the input, `output_to_window` an output as
    large as the window, and `some_inputs` lists modalities without ruling out others.
    """
    readers = {MODELS_DEV: _models_dev, LITELLM: _litellm, GENAI_PRICES: _genai_prices}
    found = readers[entry.edition.kind](entry.fields)
    left_out = OF_ONE_NAME if entry.of_undated else ()
    return {fact: value for fact, value in found.items() if value is not None and fact not in left_out}


def is_embedding(entries: Sequence[Entry]) -> bool:
    """Return whether entries are those of an embedding model; only LiteLLM says so."""
    modes = {entry.fields.get("mode") for entry in entries if entry.edition.kind == LITELLM}
    return modes == {"embedding"}


def _models_dev(fields: Mapping[str, Any]) -> dict[str, Stated | None]:
    limit, modalities = fields.get("limit", {}), fields.get("modalities", {})
    window, bound = _size(limit.get("context")), _size(limit.get("input"))
    return {
        "context_window": window,
        "max_input_tokens": bound if window is not None and bound is not None and bound < window else None,
        **_output(_size(limit.get("output")), window),
        "input_modalities": _modalities(modalities.get("input", ())),
        "output_modalities": _modalities(modalities.get("output", ())),
        "reasoning": _flag(fields.get("reasoning")),
        "tools": _flag(fields.get("tool_call")),
        "knowledge_cutoff": _cutoff(fields.get("knowledge")),
        "open_weights": _flag(fields.get("open_weights")),
    }


def _litellm(fields: Mapping[str, Any]) -> dict[str, Stated | None]:
    bound, mode = _size(fields.get("max_input_tokens")), fields.get("mode")
    facts = {
        "litellm_input": bound,
        **_output(_size(fields.get("max_output_tokens")), bound),
        "input_modalities": _modalities(fields.get("supported_modalities", ())),
        "output_modalities": _modalities(fields.get("supported_output_modalities", ())),
        "some_inputs": _modalities(["text", *(name for flag, name in LITELLM_INPUTS.items() if fields.get(flag))]),
        "reasoning": _flag(fields.get("supports_reasoning")),
        "tools": _flag(fields.get("supports_function_calling")),
        "retires": _day(fields.get("deprecation_date")),
    }
    if mode == "embedding":
        return {**facts, "output_modalities": ("embedding",), "max_output_tokens": None, "output_to_window": None}
    if facts["output_modalities"] is None and mode in TEXT_MODES:
        facts["output_modalities"] = ("text", "audio") if fields.get("supports_audio_output") else ("text",)
    return facts


def _genai_prices(fields: Mapping[str, Any]) -> dict[str, Stated | None]:
    return {"context_window": _size(fields.get("context_window"))}


def _output(output: int | None, window: int | None) -> dict[str, Stated | None]:
    if output is None or window is None or output < window:
        return {"max_output_tokens": output}
    return {"output_to_window": output if output == window else None}


def _size(value: object) -> int | None:
    """Return a number of tokens; LiteLLM writes some as texts."""
    number = int(value) if isinstance(value, str) and value.isdecimal() else value
    return number if type(number) is int and 0 < number <= MAX_TOKENS else None


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _modalities(values: Iterable[str]) -> tuple[str, ...] | None:
    return tuple(name for name in MODALITIES if name in set(values)) or None


def _cutoff(value: object) -> str | None:
    return value if isinstance(value, str) and CUTOFF.fullmatch(value) else None


def _day(value: object) -> str | None:
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        return None
