"""What a family's renderer works with: the request, what counts its texts, the rules that hold, and the sums."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from tokenizer_registry.chat.parts import PartSum, PartSums
from tokenizer_registry.chat.reference_sizes import ReferenceBudget
from tokenizer_registry.chat.request import CommonRequest, Tool
from tokenizer_registry.chat.request_texts import message_texts
from tokenizer_registry.chat.rules import Generation, Rule, find_band, find_rule
from tokenizer_registry.chat.texts import TextCounter


class NoRuleHolds(Exception):
    """No rule of this name holds for a generation on a day. `missing` says what would have to be known."""

    def __init__(self, name: str, generation: str, at: date | None) -> None:
        self.missing = f"a rule {name} for {generation}" + (f" that held on {at}" if at is not None else "")
        super().__init__(self.missing)


@dataclass(slots=True)
class CountingContext:
    """One request that is being counted. `at` is the day of the call, None for today's rules."""

    request: CommonRequest
    texts: TextCounter
    model: str
    host: str
    generation: Generation
    at: date | None = None
    sums: PartSums = field(default_factory=PartSums)
    references: ReferenceBudget = field(default_factory=ReferenceBudget)

    def count_messages_ahead(self) -> None:
        """Count the texts of messages together, before the rules ask for each. Raise UncountableText."""
        self.texts.count_ahead(message_texts(self.request))

    def tool_named(self, name: str) -> Tool | None:
        """Return the last tool of a name, None if there is none."""
        return next((tool for tool in reversed(self.request.tools) if tool.name == name), None)

    def rule(self, name: str) -> Rule:
        """Return a rule that the generation has to have. Raise NoRuleHolds."""
        found = self.optional_rule(name)
        if found is None:
            raise NoRuleHolds(name, self.generation.name, self.at)
        return found

    def optional_rule(self, name: str) -> Rule | None:
        """Return the rule that holds, None if there is none."""
        return find_rule(name, self.generation.name, self.at)

    def hosted_rule(self, name: str) -> Rule:
        """Return the rule of the host, else the general one. Raise NoRuleHolds."""
        return self.optional_rule(f"{name}-{self.host}") or self.rule(name)

    def add_text(self, part: PartSum, text: str, rule: str) -> None:
        """Count a text into a part: exactly, or as far as the estimator goes."""
        self._add(part, text, self.texts.count(text), rule)

    def add_tool_texts(self, part: PartSum, tool: Tool, texts: Sequence[str], rule: str) -> None:
        """Count what a tool is rendered as into a part, as `add_text` does; once for a tool that is kept."""
        self._add_counts(part, texts, None if tool.made is None else self.texts.count_kept(texts), rule)

    def add_texts(self, part: PartSum, texts: Sequence[str], rule: str) -> None:
        """Count texts into a part, as `add_text` does."""
        self._add_counts(part, texts, None, rule)

    def _add_counts(self, part: PartSum, texts: Sequence[str], known: list[int] | None, rule: str) -> None:
        counts = self.texts.counts(texts) if known is None else known
        if self.texts.is_exact:
            part.add(sum(counts), rule)
            return
        for text, tokens in zip(texts, counts, strict=True):
            self._add(part, text, tokens, rule)

    def _add(self, part: PartSum, text: str, tokens: int, rule: str) -> None:
        part.add(tokens, rule)
        band = self.texts.band(text)
        if band is not None:
            part.spread(-band.low * tokens, band.high * tokens)

    def widen(self, part: PartSum, band: str, items: int = 1, tokens: int | None = None) -> None:
        """Make a part an estimate with the measured band of a rule."""
        found = find_band(band, self.generation.name)
        below, above = found.bounds(part.tokens if tokens is None else tokens, items)
        part.widen(below, above, band)
