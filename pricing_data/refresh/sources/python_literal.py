"""Reads a Python file of nested constructor calls as data, without running it."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class ConstructorCall:
    """A constructor call with keyword arguments, as written in the file."""

    name: str
    fields: Mapping[str, object]

    def get(self, field: str) -> object:
        """Return an argument of the call, None if it was not given."""
        return self.fields.get(field)


def assigned(source: str, variable: str) -> object:
    """Return the value assigned to a variable at the top of a Python file. Raise ValueError."""
    try:
        statements = ast.parse(source).body
    except SyntaxError as fault:
        raise ValueError(f"not Python: {fault}") from fault
    for statement in statements:
        if (
            isinstance(statement, ast.AnnAssign)
            and isinstance(statement.target, ast.Name)
            and statement.target.id == variable
            and statement.value is not None
        ):
            return _value(statement.value)
    raise ValueError(f"nothing is assigned to {variable!r}")


def _value(node: ast.expr) -> object:
    match node:
        case ast.Constant():
            return node.value
        case ast.List():
            return [_value(item) for item in node.elts]
        case ast.Dict():
            pairs = zip(node.keys, node.values, strict=True)
            return {_value(key): _value(value) for key, value in pairs if key is not None}
        case ast.Attribute():
            return ast.unparse(node)
        case ast.Call():
            return _call(node)
    raise ValueError(f"line {node.lineno}: cannot read {type(node).__name__} as data")


def _call(node: ast.Call) -> object:
    name = ast.unparse(node.func)
    values = [_value(argument) for argument in node.args]
    match name, values:
        case "Decimal", [str(digits)]:
            return Decimal(digits)
        case "datetime.date", [int(year), int(month), int(day)]:
            return date(year, month, day)
        case "datetime.datetime", [int(year), int(month), int(day), int(hour), int(minute)] if all(
            map(_is_utc, node.keywords)
        ):
            return datetime(year, month, day, hour, minute, tzinfo=UTC)
        case "datetime.time", [int(hour), int(minute)] if all(map(_is_utc, node.keywords)):
            return time(hour, minute)
        case _, []:
            return ConstructorCall(name, {word.arg: _value(word.value) for word in node.keywords if word.arg})
    raise ValueError(f"line {node.lineno}: cannot read a call of {name} as data")


def _is_utc(word: ast.keyword) -> bool:
    return word.arg == "tzinfo" and ast.unparse(word.value) in {"datetime.UTC", "datetime.timezone.utc"}
