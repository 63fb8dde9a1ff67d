"""Read the settings; no other module of the service reads the environment.

All faults of a configuration are reported together, each with the name of its variable or option.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import SecretStr, ValidationError

from service.runtime.setting_values import PREFIX
from service.runtime.settings import Settings
from weighbridge_base.suggestions import nearest


@dataclass(eq=False)
class SettingsError(Exception):
    """Raised for an invalid configuration. `faults` has one sentence for each fault."""

    faults: tuple[str, ...]

    def __str__(self) -> str:
        return "The configuration is invalid:\n" + "\n".join(f"  {fault}" for fault in self.faults)


@dataclass(frozen=True)
class Configuration:
    """Settings, and the source of each value: `default`, `environment` or `command line`."""

    settings: Settings
    sources: Mapping[str, str]


def load(environ: Mapping[str, str] | None = None, options: Mapping[str, object] | None = None) -> Configuration:
    """Return the settings of `environ` (default: the process environment); `options` that are not None override it.

    Raise SettingsError with every fault.
    """
    variables = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in (os.environ if environ is None else environ).items()
        if name.startswith(PREFIX)
    }
    chosen = {name: value for name, value in (options or {}).items() if value is not None}
    sources = dict.fromkeys(Settings.model_fields, "default")
    sources |= dict.fromkeys(variables, "environment") | dict.fromkeys(chosen, "command line")
    try:
        return Configuration(Settings.model_validate({**variables, **chosen}), sources)
    except ValidationError as error:
        faults = tuple(_fault(str(fault["loc"][0]), fault["type"], fault["msg"], sources) for fault in error.errors())
        raise SettingsError(faults) from None


def shown(value: object) -> str:
    """Return a setting's value as it may be printed: secrets are masked."""
    if value is None:
        return "-"
    return "********" if isinstance(value, SecretStr) else str(value)


def _fault(name: str, kind: str, message: str, sources: Mapping[str, str]) -> str:
    """Return a sentence that names the variable or the option, and the setting that may have been meant."""
    shown_name = f"--{name.replace('_', '-')}" if sources.get(name) == "command line" else f"{PREFIX}{name.upper()}"
    if kind == "extra_forbidden":
        near = nearest(name, Settings.model_fields)
        return f"{shown_name}: no such setting." + (f" Did you mean {PREFIX}{near.upper()}?" if near else "")
    return f"{shown_name}: {message.removeprefix('Value error, ')}."
