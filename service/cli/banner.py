"""What `serve` prints when it is ready."""

import json
from collections.abc import Sequence

EXAMPLE = {
    "input": "Felis nunc phasellus arcu ad bibendum elementum taciti.",
    "type": "text",
    "models": ["claude-2.1", "gpt-4o"],
}


def banner(host: str, port: int, key: str | None, warnings: Sequence[str], *, playground: bool = True) -> str:
    """The pages, a working key with a call that answers, and what the operator should know."""
    url = f"http://{_reachable(host)}:{port}"
    lines = [f"Weighbridge is ready at {url}", f"  documentation  {url}/docs", f"  console        {url}/console"]
    if playground:
        lines.insert(1, f"  playground     {url}/  (count a text in the browser)")
    if key is None:
        lines.append("  new key        weighbridge keys create --account NAME")
    else:
        lines += [f"  demo key       {key}", "", f"{_curl(url, key)}", ""]
    lines += [f"Warning: {warning}" for warning in warnings]
    return "\n".join([*lines, "Ctrl-C ends it."])


def _reachable(host: str) -> str:
    """An address to type into a browser on this machine."""
    if host in ("0.0.0.0", "::", ""):  # noqa: S104  compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _curl(url: str, key: str) -> str:
    headers = f"-H 'X-Api-Key: {key}' -H 'Content-Type: application/json'"
    return f"curl {url}/v1/tokens/count {headers} -d '{json.dumps(EXAMPLE)}'"
