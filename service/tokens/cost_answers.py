"""The JSON of priced usages and plans, the same for the API and the command."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from pricing_data import PriceBook, plain
from pricing_data.book.overrides import Markup
from pricing_data.cost import multiply
from pricing_data.plans import MONTHS_OF_A_YEAR, CallPlan, PlannedCost
from pricing_data.pricing import PricedLine, row_id
from pricing_data.responses import BadUsage
from pricing_data.usage import Usage
from pricing_data.usage_pricing import CURRENCY, PricedUsage
from service.http import json


def markup_values(markup: Markup, usd: Decimal | None) -> dict[str, json.Value]:
    """Return the properties of a mark-up on an amount; without an amount its own is null."""
    return {"markup_percent": markup.percent, "markup_cost": None if usd is None else markup.amount(usd)}


def markup_properties(markup: Markup, usd: Decimal | None) -> str:
    """Return the properties of a mark-up as members of a JSON object, without its braces."""
    return json.properties(markup_values(markup, usd))


NO_COUNTS = Usage(0)
ALWAYS = ("input_tokens", "output_tokens")


class CostAnswers:
    """Writes the JSON of priced usages as text, because a list has thousands. Descriptions of rows are cached."""

    def __init__(self, book: PriceBook) -> None:
        self._version = json.properties({"pricing_version": book.version})
        # By the id of the row and path. Rows live as long as the book, so ids are not reused.
        self._origins: dict[tuple[int, str], str] = {}

    def answer(self, found: PricedUsage) -> str:
        """Return the JSON object for one usage."""
        total = "null" if found.total is None else plain(found.total)
        lines = ",".join(map(self._line, found.lines))
        head = f'{json.properties({"model": found.model})},"total":{total},"currency":"{CURRENCY}"'
        return f'{{{head},"lines":[{lines}],"unpriced":{_unpriced(found)}{_terms(found)},{self._version}}}'

    def refusal(self, fault: BadUsage) -> str:
        """Return the JSON object for one of several usages that cannot be read."""
        error = {"property": fault.property, "message": f"{fault}."}
        return f"{{{json.properties({'total': None, 'error': error})}}}"

    def _line(self, line: PricedLine) -> str:
        kind, unit, count, rate, amount, path, price = line
        origin = self._origins.get((id(price), path))
        if origin is None:
            origin = self._origins[id(price), path] = _origin(line)
        counted = count if isinstance(count, int) else plain(count)
        figures = f'"count":{counted},"rate":{plain(rate)},"amount":{plain(amount)}'
        return f'{{"kind":"{kind}","unit":"{unit}",{figures},{origin}}}'


def counts(usage: Usage) -> dict[str, json.Value]:
    """Return input and output tokens, and all other counts that are not zero."""
    pairs = zip(Usage._fields, usage, NO_COUNTS, strict=True)
    return {name: value for name, value, without in pairs if value != without or name in ALWAYS}


def moment_text(at: date) -> str:
    """Return a day or an instant in UTC, in ISO 8601: "2026-01-31", "2026-01-31T14:00:00Z"."""
    return f"{at.replace(tzinfo=None).isoformat('T', 'seconds')}Z" if isinstance(at, datetime) else at.isoformat()


def _unpriced(found: PricedUsage) -> str:
    if not found.unpriced:
        return "[]"
    return json.encode([{"property": name, "reason": reason} for name, reason in found.unpriced]).decode()


def _terms(found: PricedUsage) -> str:
    """Return the terms of a priced usage and how it was read, as members of a JSON object."""
    read, terms = found.read, found.terms
    if read is None or terms is None:
        return ""
    region = "null" if terms.region is None else json.encode(terms.region).decode()
    ignored = json.encode([*read.ignored]).decode() if read.ignored else "[]"
    when = f'"at":"{moment_text(terms.at)}","at_from":"{found.at_from}"'
    how = f'"service_tier":"{terms.service}","region":{region},"shape":"{read.shape}"'
    return f',{when},{how},"usage":{{{json.properties(counts(read.usage))}}},"ignored":{ignored}'


def _origin(line: PricedLine) -> str:
    """Return the source of a rate, as members of a JSON object."""
    source = line.source
    return json.properties(
        {
            "path": line.path,
            "row": line.row,
            "source": f"{source.package} {source.version}",
            "state": line.state,
        }
    )


def plan_answer(plan: CallPlan, costs: Sequence[PlannedCost], markup: Markup | None) -> dict[str, json.Value]:
    """Return one plan as JSON: what was priced, then the costs, then the models without one and the reasons."""
    at = plan.terms.at
    entries: list[json.Value] = [_entry(plan, cost, markup) for cost in costs if cost.total is not None]
    unpriced: list[json.Value] = [{"model": cost.model, "reason": cost.reason} for cost in costs if cost.total is None]
    return {
        "at": moment_text(at),
        "service_tier": plan.terms.service,
        "region": plan.terms.region,
        "calls": plan.calls,
        "monthly": plan.monthly,
        "usage_per_call": counts(plan.usage),
        "currency": "USD",
        "costs": entries,
        "unpriced": unpriced,
    }


def _entry(plan: CallPlan, cost: PlannedCost, markup: Markup | None) -> json.Value:
    total = cost.total if cost.total is not None else Decimal()
    entry: dict[str, json.Value] = {"model": cost.model, "per_call": cost.per_call, "total": total}
    if plan.monthly:
        entry["per_year"] = multiply(MONTHS_OF_A_YEAR, total)
    if markup is not None:
        entry |= markup_values(markup, total)
    if cost.price is not None:
        entry |= {"row": row_id(cost.price), "state": worst_state(cost)}
    lines: list[json.Value] = [line_entry(line) for line in cost.lines]
    return {**entry, "lines_per_call": lines}


def line_entry(line: PricedLine) -> json.Value:
    """Return one line of a cost as JSON."""
    return {
        "unit": line.unit,
        "count": line.count,
        "rate": line.rate,
        "amount": line.amount,
        "path": line.path,
        "state": line.state,
    }


# From the least certain one.
SURENESS = ("disputed", "single", "retired", "agreed", "override")


def worst_state(cost: PlannedCost) -> str:
    """Return the state of the least certain rate of a cost."""
    states = {line.state for line in cost.lines}
    return next((state for state in SURENESS if state in states), cost.price.state if cost.price else "")
