"""What `serve` prints when it is ready: the pages, a demo key with a call that works, and warnings."""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from service.auth.accounts import AccountStore
from service.auth.keys import has_valid_checksum
from weighbridge_base.files import OWNER_ONLY, replace_file

DEMO_ACCOUNT = "demo"
DEMO_KEY_FILE = "demo-key"
DEMO_KEY_LABEL = "made by serve"
EXAMPLE = {
    "input": "Felis nunc phasellus arcu ad bibendum elementum taciti.",
    "type": "text",
    "models": ["claude-2.1", "gpt-4o"],
}


async def demo_key(store: AccountStore, data_dir: Path, now: datetime) -> str:
    """Return the key in the file `demo-key` of the data folder if it still works, else a new one, written there.

    The file is readable by its owner only. Raise StoreUnavailable, OSError.
    """
    path = data_dir / DEMO_KEY_FILE
    kept = path.read_text(encoding="utf-8", errors="replace").strip() if path.exists() else ""
    if has_valid_checksum(kept) and any(key.refusal(now) is None for key in await store.find_keys(kept)):
        return kept
    account = await store.get_or_create_account(DEMO_ACCOUNT)
    _, secret = await store.create_key(account, DEMO_KEY_LABEL)
    replace_file(path, f"{secret}\n".encode(), mode=OWNER_ONLY, durable=True)
    return secret


def banner(host: str, port: int, key: str | None, warnings: Sequence[str], *, playground: bool = True) -> str:
    """Return the addresses of the pages, the key with an example call if there is one, and the warnings."""
    url = f"http://{_reachable(host)}:{port}"
    lines = [f"Weighbridge is ready at {url}", f"  documentation  {url}/docs", f"  console        {url}/console"]
    if playground:
        lines.insert(1, f"  playground     {url}/  (count a text in the browser)")
    if key is None:
        lines.append("  new key        weighbridge keys create --account NAME")
    else:
        lines += [f"  demo key       {key}", "", f"{_curl(url, key)}", ""]
    lines += [f"Warning: {warning}" for warning in warnings]
    return "\n".join([*lines, "Press Ctrl-C to stop."])


def _reachable(host: str) -> str:
    """Return the host to use in a browser on this machine for a server that listens on `host`."""
    if host in ("0.0.0.0", "::", ""):  # noqa: S104  compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _curl(url: str, key: str) -> str:
    headers = f"-H 'X-Api-Key: {key}' -H 'Content-Type: application/json'"
    return f"curl {url}/v1/tokens/count {headers} -d '{json.dumps(EXAMPLE)}'"
