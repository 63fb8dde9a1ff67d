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
    """Writes answers for one book, whose rows it describes once. Texts are put together here: a list has thousands."""

    def __init__(self, book: PriceBook) -> None:
        self._version = wire.properties({"pricing_version": book.version})
        # By row and path. The rows live as long as the book, which is constant.
        self._origins: dict[tuple[int, str], str] = {}

    def answer(self, found: PricedUsage) -> str:
        """Return the JSON object for one usage."""
        total = "null" if found.total is None else plain(found.total)
        lines = ",".join(map(self._line, found.lines))
        head = f'{wire.properties({"model": found.model})},"total":{total},"currency":"{CURRENCY}"'
        return f'{{{head},"lines":[{lines}],"unpriced":{_unpriced(found)}{_terms(found)},{self._version}}}'

    def refusal(self, fault: BadUsage) -> str:
        """Return the JSON object for one of several usages that cannot be read."""
        error = {"property": fault.property, "message": f"{fault}."}
        return f"{{{wire.properties({'total': None, 'error': error})}}}"

    def _line(self, line: PricedLine) -> str:
        kind, unit, count, rate, amount, path, price = line
        origin = self._origins.get((id(price), path))
        if origin is None:
            origin = self._origins[id(price), path] = _origin(line)
        counted = count if isinstance(count, int) else plain(count)
        figures = f'"count":{counted},"rate":{plain(rate)},"amount":{plain(amount)}'
        return f'{{"kind":"{kind}","unit":"{unit}",{figures},{origin}}}'


def counts(usage: Usage) -> dict[str, wire.Value]:
    """Return input, output and whatever else there is of a usage."""
    pairs = zip(Usage._fields, usage, NO_COUNTS, strict=True)
    return {name: value for name, value, without in pairs if value != without or name in ALWAYS}


def moment_text(at: date) -> str:
    """Return a day or an instant in UTC, in ISO 8601: "2026-01-31", "2026-01-31T14:00:00Z"."""
    return f"{at.replace(tzinfo=None).isoformat('T', 'seconds')}Z" if isinstance(at, datetime) else at.isoformat()


def _unpriced(found: PricedUsage) -> str:
    if not found.unpriced:
        return "[]"
    return wire.encode([{"property": name, "reason": reason} for name, reason in found.unpriced]).decode()


def _terms(found: PricedUsage) -> str:
    """Return on which terms a usage was priced, and how it was understood: the inside of a JSON object."""
    read, terms = found.read, found.terms
    if read is None or terms is None:
        return ""
    region = "null" if terms.region is None else wire.encode(terms.region).decode()
    ignored = wire.encode([*read.ignored]).decode() if read.ignored else "[]"
    when = f'"at":"{moment_text(terms.at)}","at_from":"{found.at_from}"'
    how = f'"service_tier":"{terms.service}","region":{region},"shape":"{read.shape}"'
    return f',{when},{how},"usage":{{{wire.properties(counts(read.usage))}}},"ignored":{ignored}'


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
