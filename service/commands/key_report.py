"""Keys as the command line shows them."""

import sys
from datetime import datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from service.accounts import ApiKey, KeyRefusal

# Where the output is not a terminal nobody has a width: wide enough that no row breaks.
PIPED_WIDTH_CHARACTERS = 240


def as_json(key: ApiKey, now: datetime) -> dict[str, str | int | list[str] | None]:
    """All that may be shown of a key. Times are ISO 8601, in UTC."""
    return {
        "id": key.id,
        "account": key.account.name,
        "label": key.label,
        "key": key.shown,
        "scopes": sorted(key.scopes),
        "status": _status(key, now),
        "created_at": key.created_at.isoformat(),
        "expires_at": _iso(key.expires_at),
        "revoked_at": _iso(key.revoked_at),
        "last_used_at": _iso(key.last_used_at),
        "calls_per_second": key.account.calls_per_second,
        "calls_per_month": key.account.calls_per_month,
    }


def print_table(keys: list[ApiKey], now: datetime) -> None:
    """One row a key. Names are printed as they are, never read as markup."""
    table = Table("Id", "Key", "Account", "Label", "Scopes", "Created", "Expires", "Last used", "Status")
    for key in keys:
        times = (_minute(at) for at in (key.created_at, key.expires_at, key.last_used_at))
        scopes = " ".join(sorted(key.scopes))
        row = (key.id, key.shown, key.account.name, key.label, scopes, *times, _status(key, now))
        table.add_row(*(Text(cell, overflow="fold") for cell in row))
    Console(width=None if sys.stdout.isatty() else PIPED_WIDTH_CHARACTERS).print(table)


def _status(key: ApiKey, now: datetime) -> str:
    refusal: KeyRefusal | None = key.refusal(now)
    return "active" if refusal is None else refusal.value


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _minute(at: datetime | None) -> str:
    return "-" if at is None else f"{at:%Y-%m-%d %H:%M}"
