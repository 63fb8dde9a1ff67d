"""Options of `weighbridge estimate` with values to parse: shares, sizes, output tokens and models."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

import click

from corpus_cost.discovery import find_sources
from corpus_cost.own_models import own_models
from corpus_cost.sources import TextFormat
from corpus_cost.workload import Output, ReadOptions
from service.cli.catalogue import known_author, known_names, unknown_model, wanted_models
from service.cli.configuration import configuration
from service.cli.text_files import STDIN
from tokenizer_registry import Registry

UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30}
MAX_OUTPUT_TOKENS = 10**9


class Share(click.ParamType[Decimal]):
    """An option that is a share of a whole, such as 1% or 0.01."""

    name = "share"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        """Return the share, from 0 to 1."""
        if isinstance(value, Decimal):
            return value
        text = str(value).strip()
        try:
            share = Decimal(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except InvalidOperation:
            raise click.BadParameter(f"{value!r} is not a share such as 1% or 0.01.") from None
        if not share.is_finite() or not 0 <= share <= 1:
            raise click.BadParameter(f"{value!r} is not between 0 and 100%.")
        return share


class Size(click.ParamType[int]):
    """An option that is a size in bytes, such as 16MiB."""

    name = "size"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number of bytes."""
        if isinstance(value, int):
            return value
        match = re.fullmatch(r"(\d{1,15})\s*([KMG]?I?B)?", str(value).strip().upper())
        if not match or not int(match[1]):
            raise click.BadParameter(f"{value!r} is not a size such as 500kB, 16MiB or 1GB.")
        return int(match[1]) * UNITS[match[2] or ""]


class OutputTokens(click.ParamType[Output]):
    """An option for the output tokens of a text: a number, a share of its input tokens, or the name of a column."""

    name = "tokens"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Output:
        """Return the output as a number, a share or a column."""
        if isinstance(value, Output):
            return value
        text = str(value).strip()
        if text.isascii() and text.isdigit():
            if int(text) > MAX_OUTPUT_TOKENS:
                raise click.BadParameter(f"{text} is more than any model can output.")
            return Output(tokens=int(text))
        if re.fullmatch(r"\d{1,6}(\.\d{1,6})?\s*%", text):
            return Output(ratio=Fraction(text.removesuffix("%").strip()) / 100)
        if not text or text.endswith("%") or re.fullmatch(r"[-+.\d]+", text):
            raise click.BadParameter(f"{value!r} is neither tokens (500), a share (25%) nor the name of a column.")
        return Output(column=text)


def only_one(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> str:
    """Return the only value of an option; click would silently ignore the first of two."""
    if len(values) > 1:
        raise click.BadParameter(f"may be given once, not {len(values)} times.", context, parameter)
    return values[0]


def chosen_or_own_models(
    registry: Registry, options: Mapping[str, Any], reading: ReadOptions
) -> tuple[tuple[str, ...], tuple[str, ...] | None]:
    """Return the models that were asked for; without any, those that the rows name, which then count for them alone.

    Raise NothingFound, MissingExtra.
    """
    names, authors, inputs = options["names"], options["authors"], options["inputs"]
    if names or authors or configuration().settings.default_model is not None or STDIN in inputs:
        return tuple(chosen_models(registry, names, authors)), None
    sources = find_sources(inputs, TextFormat(options["form"]) if options["form"] else None).sources
    if any(source.format is not TextFormat.JSONL for source in sources):
        return tuple(chosen_models(registry, names, authors)), None
    found = own_models(sources, reading)
    known = tuple(name for name in found if registry.names.find(name) is not None)
    if found and not known:
        raise unknown_model(registry, found[0])
    return (known, known) if known else (tuple(chosen_models(registry, names, authors)), None)


def chosen_models(registry: Registry, names: Sequence[str], authors: Sequence[str]) -> list[str]:
    """Return the models by name and by author, each once. An unknown one ends the command with one sentence."""
    if not authors:
        return wanted_models(registry, names, "--model or --author")
    chosen = known_names(registry, names)
    for author in (known_author(registry, name) for name in authors):
        chosen += [model.name for model in registry.models.values() if model.author == author]
    return list(dict.fromkeys(chosen))
