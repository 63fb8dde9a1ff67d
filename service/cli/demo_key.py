"""A working key for a first try, kept in the data folder for its owner alone."""

from datetime import datetime
from pathlib import Path

from service.auth.accounts import AccountStore
from service.auth.keys import has_valid_checksum
from weighbridge_base.files import OWNER_ONLY, replace_file

ACCOUNT_NAME = "demo"
FILE_NAME = "demo-key"
LABEL = "made by serve"


async def demo_key(store: AccountStore, data_dir: Path, now: datetime) -> str:
    """The key in the file `demo-key` if it still works, else a new one, written there.

    Raises StoreUnavailable, OSError.
    """
    path = data_dir / FILE_NAME
    kept = path.read_text(encoding="utf-8", errors="replace").strip() if path.exists() else ""
    if has_valid_checksum(kept) and any(key.refusal(now) is None for key in await store.find_keys(kept)):
        return kept
    account = await store.get_or_create_account(ACCOUNT_NAME)
    _, secret = await store.create_key(account, LABEL)
    replace_file(path, f"{secret}\n".encode(), mode=OWNER_ONLY, durable=True)
    return secret
