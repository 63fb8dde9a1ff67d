"""What a server reports at /metrics."""

import httpx2

from tests.end_to_end.server import Server


def number(server: Server, name: str) -> float:
    """The sum of a number over its labels."""
    lines = httpx2.get(f"{server.url}/metrics", timeout=60).raise_for_status().text.splitlines()
    found = [line for line in lines if line.startswith((f"{name} ", f"{name}{{"))]
    return sum(float(line.rpartition(" ")[2]) for line in found)
