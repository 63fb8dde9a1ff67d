"""Rows of accounts and API keys, converted from and to values."""

from typing import Any

from sqlalchemy import LABEL_STYLE_TABLENAME_PLUS_COL, Row, Select, select

from service.auth.accounts import Account, ApiKey, KeyScope
from service.auth.pepper import Pepper
from service.storage.sql.tables import account, api_key

# Columns come as `account_name`, `api_key_label` and so on.
KEYS: Select[Any] = select(account, api_key).join_from(api_key, account).set_label_style(LABEL_STYLE_TABLENAME_PLUS_COL)


def account_of(row: Row[Any]) -> Account:
    """Return the account of a row of the table."""
    return Account(row.id, row.name, row.created_at, row.calls_per_second, row.calls_per_month)


def api_key_of(row: Row[Any]) -> ApiKey:
    """Return the key of a row of KEYS, with its account."""
    return ApiKey(
        id=row.api_key_id,
        account=Account(
            row.account_id,
            row.account_name,
            row.account_created_at,
            row.account_calls_per_second,
            row.account_calls_per_month,
        ),
        label=row.api_key_label,
        prefix=row.api_key_prefix,
        last_four=row.api_key_last_four,
        scopes=scopes_of(row.api_key_scopes),
        created_at=row.api_key_created_at,
        expires_at=row.api_key_expires_at,
        revoked_at=row.api_key_revoked_at,
        last_used_at=row.api_key_last_used_at,
    )


def key_values(key: ApiKey, pepper: Pepper, secret: str) -> dict[str, object]:
    """Return the row of a new key. Of the secret it has the prefix, the last four characters and a digest."""
    return {
        "id": key.id,
        "account_id": key.account.id,
        "label": key.label,
        "digest": pepper.digest(secret),
        "pepper_id": pepper.id,
        "prefix": key.prefix,
        "last_four": key.last_four,
        "scopes": " ".join(sorted(key.scopes)),
        "created_at": key.created_at,
        "expires_at": key.expires_at,
    }


def scopes_of(text: str) -> frozenset[KeyScope]:
    """Return the scopes of a column; unknown ones are left out."""
    words = text.split()
    return frozenset(scope for scope in KeyScope if scope in words)
