"""Keys as the command line shows them."""

from datetime import datetime

from service.auth.accounts import ApiKey, KeyRefusal
from service.cli.table import Column, print_table

COLUMNS = (
    Column("Id", "name"),
    *map(Column, ("Account", "Label", "Status", "Key", "Expires", "Last used", "Scopes", "Created")),
)


def as_json(key: ApiKey, now: datetime) -> dict[str, str | int | list[str] | None]:
    """Return all that may be shown of a key. Times are ISO 8601, in UTC."""
    return {
        "id": key.id,
        "account": key.account.name,
        "label": key.label,
        "key": key.shown,
        "masked_key": key.shown,
        "scopes": sorted(key.scopes),
        "status": _status(key, now),
        "created_at": key.created_at.isoformat(),
        "expires_at": _iso(key.expires_at),
        "revoked_at": _iso(key.revoked_at),
        "last_used_at": _iso(key.last_used_at),
        "calls_per_second": key.account.calls_per_second,
        "calls_per_month": key.account.calls_per_month,
    }


def new_as_json(key: ApiKey, secret: str, now: datetime) -> dict[str, str | int | list[str] | None]:
    """Return a key that was just made, with the key itself as `key`, and as `secret`, its former name here."""
    return {**as_json(key, now), "key": secret, "secret": secret}


def print_keys(keys: list[ApiKey], now: datetime) -> None:
    """Print a row for each key. Names are printed as they are, never read as markup."""
    rows = [
        (key.id, key.account.name, key.label, _status(key, now), key.shown, _minute(key.expires_at),
         _minute(key.last_used_at), " ".join(sorted(key.scopes)), _minute(key.created_at))
        for key in keys
    ]  # fmt: skip
    print_table(COLUMNS, rows)


def _status(key: ApiKey, now: datetime) -> str:
    refusal: KeyRefusal | None = key.refusal(now)
    return "active" if refusal is None else refusal.value


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _minute(at: datetime | None) -> str | None:
    return None if at is None else f"{at:%Y-%m-%d %H:%M}"
