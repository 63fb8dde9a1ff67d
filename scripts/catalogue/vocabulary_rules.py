"""Which vocabulary a model has, by the curated rules, and on what evidence."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import tiktoken

RULES = Path(__file__).with_name("vocabulary_rules.toml")
KINDS = ("map", "same sha256", "published file", "inferred")


@dataclass(frozen=True)
class Rule:
    """One curated rule: it fits the listed names of an author, or those that fit the whole pattern."""

    author: str
    vocabulary: str
    evidence: str
    models: Sequence[str] = ()
    pattern: str | None = None

    def fits(self, author: str, name: str) -> bool:
        """Return whether the rule applies to a model."""
        if author != self.author:
            return False
        return name in self.models or (self.pattern is not None and re.fullmatch(self.pattern, name) is not None)


@dataclass(frozen=True)
class Reason:
    """The reason why models of an author to which no rule applies have no vocabulary."""

    author: str
    reason: str
    pattern: str | None = None

    def fits(self, author: str, name: str) -> bool:
        """Return whether the reason applies to a model."""
        return author == self.author and (self.pattern is None or re.fullmatch(self.pattern, name) is not None)


@dataclass(frozen=True)
class Rules:
    """All rules, and which vocabularies are packed or can be fetched."""

    shipped: frozenset[str]
    rules: tuple[Rule, ...]
    reasons: tuple[Reason, ...]
    tiktoken_author: str
    tiktoken_evidence: str
    same_ranks: Mapping[str, str]

    def vocabulary(self, author: str, name: str) -> tuple[str, str] | None:
        """Return the packed vocabulary of a model and the evidence; None without a rule, or if it is not packed."""
        found = self.known(author, name)
        return found if found and found[0] in self.shipped else None

    def reason(self, author: str, name: str) -> str | None:
        """Return why a model has no vocabulary, None if it has one or no reason is given."""
        if self.vocabulary(author, name):
            return None
        return next((reason.reason for reason in self.reasons if reason.fits(author, name)), None)

    def known(self, author: str, name: str) -> tuple[str, str] | None:
        """Return the vocabulary of a model and the evidence, packed or not; None without a rule."""
        if author == self.tiktoken_author and (mapped := self._tiktoken(name)):
            return mapped
        for rule in self.rules:
            if rule.fits(author, name):
                return rule.vocabulary, rule.evidence
        return None

    def _tiktoken(self, name: str) -> tuple[str, str] | None:
        try:
            encoding = tiktoken.encoding_name_for_model(name)
        except KeyError:
            return None
        same = self.same_ranks.get(encoding)
        if same:
            return same, f"{self.tiktoken_evidence} ({encoding}, which cuts plain text alike)"
        return encoding, self.tiktoken_evidence


def read_rules() -> Rules:
    """Return the facts of `vocabulary_rules.toml`. Raise ValueError for evidence of an unknown kind."""
    raw = tomllib.loads(RULES.read_text(encoding="utf-8"))
    rules = tuple(Rule(**entry) for entry in raw["rule"])
    for rule in rules:
        if rule.evidence.partition(":")[0] not in KINDS:
            raise ValueError(f"{RULES}: evidence of an unknown kind: {rule.evidence!r}")
    return Rules(
        shipped=frozenset(raw["shipped"]),
        rules=rules,
        reasons=tuple(Reason(**entry) for entry in raw["reason"]),
        tiktoken_author=raw["tiktoken"]["author"],
        tiktoken_evidence=raw["tiktoken"]["evidence"],
        same_ranks=raw["tiktoken"]["same_ranks"],
    )
