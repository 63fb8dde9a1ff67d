"""What an upstream reports of the tokens of a call, and whether that makes sense."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from service.gateway.fields import is_integer
from service.observability.gateway_metrics import TOTAL_ABOVE_SUM, ZERO_AFTER_USAGE, ZERO_WITH_TEXT

# How an upstream counts: in OpenAI's way the output holds the tokens of reasoning; in xAI's the total alone does.
Dialect = Literal["openai", "xai"]
# What else of a usage is passed on; a provider may add its own costs, which concern its customer alone.
DETAILS = ("prompt_tokens_details", "completion_tokens_details")


class ReportedUsage(NamedTuple):
    """Tokens of input and output, None where none that can be read are reported. `fault` names what makes no sense."""

    input: int | None
    output: int | None
    details: Mapping[str, Any]
    fault: str | None = None

    @property
    def is_zero(self) -> bool:
        """Whether it reports no tokens at all."""
        return not self.input and not self.output


NO_USAGE = ReportedUsage(None, None, {})


def usage_of(answer: Mapping[str, Any], dialect: Dialect = "openai") -> ReportedUsage:
    """Return the usage in an answer or a chunk. A number that is no count is as good as none; zero is a count."""
    reported = answer.get("usage")
    if not isinstance(reported, dict):
        return NO_USAGE
    taken, given, total = (
        _count(reported.get(name)) for name in ("prompt_tokens", "completion_tokens", "total_tokens")
    )
    if taken is None and given is None:
        return NO_USAGE
    details = {name: reported[name] for name in DETAILS if isinstance(reported.get(name), dict)}
    beyond = 0 if total is None or taken is None or given is None else total - taken - given
    if beyond > 0 and dialect == "xai":
        return ReportedUsage(taken, (given or 0) + beyond, details)
    return ReportedUsage(taken, given, details, TOTAL_ABOVE_SUM if beyond > 0 else None)


def latest(before: ReportedUsage, now: ReportedUsage) -> ReportedUsage:
    """Return the usage of a stream after a further report. Zeros never replace a report of tokens."""
    if now is NO_USAGE:
        return before
    if now.is_zero and not before.is_zero:
        return before._replace(fault=ZERO_AFTER_USAGE)
    return now


def of_answer(usage: ReportedUsage, *, has_text: bool) -> ReportedUsage:
    """Return the usage of a whole answer: no output for a text that was written makes no sense."""
    return usage._replace(fault=ZERO_WITH_TEXT) if usage.output == 0 and has_text else usage


def _count(value: Any) -> int | None:
    return value if is_integer(value) and value >= 0 else None
