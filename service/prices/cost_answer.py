"""What is answered to a usage that was priced: one JSON object, the same from the API and from the command."""

from datetime import date, datetime

from pricing_data import PriceBook, plain
from pricing_data.pricing import PricedLine
from pricing_data.responses import BadUsage
from pricing_data.usage import Usage
from pricing_data.usage_pricing import CURRENCY, PricedUsage
from service import wire

NO_COUNTS = Usage(0)
ALWAYS = ("input_tokens", "output_tokens")


class CostAnswers:
    """Writes answers for one book, whose rows it describes once."""

    def __init__(self, book: PriceBook) -> None:
        self._version = wire.properties({"pricing_version": book.version})
        # By row and path. The rows live as long as the book, which is constant.
        self._origins: dict[tuple[int, str], str] = {}

    def answer(self, found: PricedUsage) -> str:
        """Return the JSON object for one usage."""
        total = found.total
        lines = ",".join(map(self._line, found.lines))
        head = f'{wire.properties({"model": found.model})},"total":{"null" if total is None else plain(total)}'
        return f'{{{head},"currency":"{CURRENCY}","lines":[{lines}],{self._rest(found)},{self._version}}}'

    def refusal(self, fault: BadUsage) -> str:
        """Return the JSON object for one of several usages that cannot be read."""
        error = {"property": fault.property, "message": f"{fault}."}
        return f"{{{wire.properties({'total': None, 'error': error})}}}"

    def _line(self, line: PricedLine) -> str:
        kind, unit, count, rate, amount, path, price = line
        origin = self._origins.get((id(price), path))
        if origin is None:
            origin = self._origins[id(price), path] = _origin(line)
        figures = f'"count":{count if isinstance(count, int) else plain(count)},"rate":{plain(rate)}'
        return f'{{"kind":"{kind}","unit":"{unit}",{figures},"amount":{plain(amount)},{origin}}}'

    def _rest(self, found: PricedUsage) -> str:
        unpriced: list[wire.Value] = [{"property": name, "reason": reason} for name, reason in found.unpriced]
        read, terms = found.read, found.terms
        if read is None or terms is None:
            return wire.properties({"unpriced": unpriced})
        return wire.properties(
            {
                "unpriced": unpriced,
                "at": instant_text(terms.at),
                "at_from": found.at_from,
                "service_tier": terms.service,
                "region": terms.region,
                "shape": read.shape,
                "usage": counts(read.usage),
                "ignored": [*read.ignored],
            }
        )


def counts(usage: Usage) -> dict[str, wire.Value]:
    """Return input, output and whatever else there is of a usage."""
    pairs = zip(Usage._fields, usage, NO_COUNTS, strict=True)
    return {name: value for name, value, without in pairs if value != without or name in ALWAYS}


def instant_text(at: date) -> str:
    """Return a day or an instant in UTC, in ISO 8601: "2026-01-31", "2026-01-31T14:00:00Z"."""
    return f"{at.replace(tzinfo=None).isoformat('T', 'seconds')}Z" if isinstance(at, datetime) else at.isoformat()


def _origin(line: PricedLine) -> str:
    """Return where a rate stands and who states it: the inside of a JSON object."""
    source = line.source
    return wire.properties(
        {
            "path": line.path,
            "row": line.row,
            "source": f"{source.package} {source.version}",
            "state": line.state,
        }
    )
