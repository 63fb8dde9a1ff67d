"""The day on which each model was released, where a source states it or the model's own name has it."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pricing_data.errors import DamagedCuration

PATH = Path(__file__).with_name("model_releases.toml")


@dataclass(frozen=True, slots=True)
class ModelRelease:
    """The day of a model's release, and what states it: a package, its version and its entry, or "name"."""

    released: date
    source: str


def read_model_releases(path: Path = PATH) -> Mapping[str, ModelRelease]:
    """Return the releases by model name. Raise DamagedCuration, which names the model, or OSError."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))["models"]
    except (ValueError, KeyError) as fault:
        raise DamagedCuration(path, "models", str(fault)) from fault
    return MappingProxyType({model: _release(path, model, entry) for model, entry in raw.items()})


def _release(path: Path, model: str, entry: Any) -> ModelRelease:
    match entry:
        case {"released": datetime()}:
            pass
        case {"released": date() as released, "source": str(source), **others} if source and not others:
            return ModelRelease(released, source)
    raise DamagedCuration(path, model, f"must be {{ released = DAY, source = TEXT }}, not {entry!r:.80}")
