"""Compare a log of requests and the provider's own numbers with our counts: residuals by family, host and kind."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tokenizer_registry.catalogue import TomlValue, toml_lines
from tokenizer_registry.chat.count import count_request
from tokenizer_registry.chat.drift import model_of
from tokenizer_registry.chat.logs import LoggedCall, read_log
from tokenizer_registry.chat.parts import ChatCount
from tokenizer_registry.chat.rules import generation_of, optional_band
from tokenizer_registry.errors import RegistryError
from tokenizer_registry.registry import Registry


class Comparison(NamedTuple):
    """One logged call beside our count. `residual` is ours less the provider's; None where we have no number."""

    call: LoggedCall
    counted: ChatCount
    group: str

    @property
    def residual(self) -> int | None:
        """How many tokens our count is too high."""
        return None if self.counted.tokens is None else self.counted.tokens - self.call.input_tokens

    @property
    def is_in_band(self) -> bool:
        """Whether the provider's number lies in the band that we state."""
        return self.counted.high is not None and self.counted.low <= self.call.input_tokens <= self.counted.high


class Shares(NamedTuple):
    """How well the calls of a group are counted. Shares are of the calls that have a number."""

    group: str
    rows: int
    counted: int
    exact: int
    within_3: int
    in_band: int
    worst: int

    def share(self, rows: int) -> float:
        """Return a number of rows as a share of the counted ones."""
        return rows / self.counted if self.counted else 0.0


def compare(registry: Registry, calls: Iterable[LoggedCall]) -> Iterator[Comparison]:
    """Return each call of a known model beside our count. Requests that cannot be read are left out."""
    for call in calls:
        model = model_of(registry, call)
        if model is None or generation_of(registry.names.resolve(model).model) is None:
            continue
        try:
            count = count_request(registry, call.shape, call.body, model, call.host, call.at)
        except RegistryError:
            continue
        yield Comparison(call, count, group_of(call, count))


def group_of(call: LoggedCall, count: ChatCount) -> str:
    """Return the family, host, shape and kinds of content of a call, such as `openai openai_chat: text, tools`."""
    kinds = [name for name, part in count.parts._asdict().items() if name != "frame" and part.is_there]
    kinds += ["thinking"] if "thinking" in count.parts.frame.rule else []
    return f"{generation_name(count.model)} @ {count.host} {call.shape}: {', '.join(kinds)}"


def generation_name(model: str) -> str:
    """Return the name of a model's generation, `none` for a model of none."""
    found = generation_of(model)
    return found.name if found is not None else "none"


def shares_of(group: str, compared: Sequence[Comparison]) -> Shares:
    """Return the shares of some calls."""
    residuals = [each.residual for each in compared if each.residual is not None]
    return Shares(
        group,
        len(compared),
        len(residuals),
        sum(residual == 0 for residual in residuals),
        sum(abs(residual) <= 3 for residual in residuals),
        sum(each.is_in_band for each in compared if each.residual is not None),
        max(residuals, key=abs, default=0),
    )


def all_shares(compared: Iterable[Comparison]) -> list[Shares]:
    """Return the shares of each group, by name, and of all calls."""
    groups: dict[str, list[Comparison]] = {}
    for each in compared:
        groups.setdefault(each.group, []).append(each)
    everything = [each for group in groups.values() for each in group]
    return [*(shares_of(group, groups[group]) for group in sorted(groups)), shares_of("all", everything)]


def band_shares(compared: Iterable[Comparison]) -> list[Shares]:
    """Return the shares of the calls that each band is stated for, by the band's name and the generation."""
    groups: dict[str, list[Comparison]] = {}
    for each in compared:
        generation = generation_name(each.counted.model)
        rules = {name for part in each.counted.parts for name in part.rule.split(", ") if part.method == "estimate"}
        for name in rules:
            if optional_band(name, generation) is not None:
                groups.setdefault(f"{name}: {generation}", []).append(each)
    return [shares_of(group, groups[group]) for group in sorted(groups)]


def table_of(shares: Iterable[Shares]) -> str:
    """Return the shares as lines of text."""
    head = f"{'rows':>5} {'counted':>7} {'exact':>6} {'±3':>6} {'band':>6} {'worst':>6}  group"
    return "\n".join([head, *map(_line, shares)])


def _line(row: Shares) -> str:
    exact, within, band = (f"{row.share(number):.0%}" for number in (row.exact, row.within_3, row.in_band))
    return f"{row.rows:>5} {row.counted:>7} {exact:>6} {within:>6} {band:>6} {row.worst:>6}  {row.group}"


def residual_table(shares: Iterable[Shares], compared: Sequence[Comparison]) -> str:
    """Return the residuals of each group as TOML: rows, the share of exact ones, and quantiles of ours less theirs."""
    return "\n".join(_residual_row(row, [each for each in compared if each.group == row.group]) for row in shares)


def _residual_row(row: Shares, compared: Sequence[Comparison]) -> str:
    residuals = sorted(each.residual for each in compared if each.residual is not None)
    if not residuals:
        return ""
    low, middle, high = (residuals[round(share * (len(residuals) - 1))] for share in (0.05, 0.5, 0.95))
    values: dict[str, TomlValue] = {"group": row.group, "rows": len(residuals), "exact": row.exact}
    lines = toml_lines({**values, "in_band": row.in_band, "worst": row.worst})
    return "\n".join(["[[residuals]]", *lines, f"quantiles_5_50_95 = [{low}, {middle}, {high}]", ""])


def main(arguments: Sequence[str]) -> int:
    """Print the shares of a log's groups, with --residuals as TOML; with --bands of bands. Return 2 without a log."""
    paths = [argument for argument in arguments if not argument.startswith("--")]
    if len(paths) != 1:
        sys.stderr.write("usage: python -m tokenizer_registry.chat.check [--residuals | --bands] LOG.jsonl\n")
        return 2
    compared = list(compare(Registry.from_package(), read_log(Path(paths[0]))))
    if "--residuals" in arguments:
        found = residual_table(all_shares(compared), compared)
    else:
        found = table_of(band_shares(compared) if "--bands" in arguments else all_shares(compared))
    sys.stdout.write(found + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
