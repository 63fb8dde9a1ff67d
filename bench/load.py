"""Generate load on one address: with `wrk` if it is installed, which needs little CPU, else with threads."""

import json
import re
import shutil
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

SECONDS = 1
# The same for one worker and two: each of two then has enough calls to fill its round trips to the counters.
CONNECTIONS = 64
THREADS = 8

# Every request has another of the bodies, so that no text is sent twice in a row. All are made before the load begins.
SCRIPT = """
local requests, n = {}, 0
function init(args)
  local headers = {["Content-Type"] = "application/json", ["%s"] = "%s"}
  for body in io.lines("%s") do
    requests[#requests + 1] = wrk.format("POST", "%s", headers, body)
  end
end
function request()
  n = n %% #requests + 1
  return requests[n]
end
"""


class Target(NamedTuple):
    """A target of load: base URL, value and name of the header with the key, and path."""

    url: str
    key: str = "none"
    header: str = "X-Api-Key"
    path: str = "/v1/tokens/count"


def requests_per_second(target: Target, bodies: list[bytes], *, connections: int = CONNECTIONS) -> float:
    """Return the responses per second; all must have status 200."""
    return _wrk(target, bodies, connections) if shutil.which("wrk") else _python(target, bodies)


def generator() -> str:
    """Return the name of the load generator."""
    return "wrk" if shutil.which("wrk") else f"{THREADS} threads of Python (install wrk for more load)"


def _wrk(target: Target, bodies: list[bytes], connections: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        texts, script = Path(folder) / "bodies", Path(folder) / "calls.lua"
        texts.write_bytes(b"\n".join(bodies) + b"\n")
        script.write_text(SCRIPT % (target.header, target.key, texts, target.path))
        done = subprocess.run(
            ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "-s", script, target.url],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
    found = re.search(r"Requests/sec:\s*([\d.]+)", done.stdout)
    if found is None or "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise RuntimeError(f"the load failed:\n{done.stdout}")
    return float(found[1])


def _python(target: Target, bodies: list[bytes]) -> float:
    address = urlsplit(target.url).netloc
    end = time.monotonic() + SECONDS

    def calls(first: int) -> int:
        connection, done = HTTPConnection(address), 0
        while time.monotonic() < end:
            body = bodies[(first + done) % len(bodies)]
            headers = {"Content-Type": "application/json", target.header: target.key}
            connection.request("POST", target.path, body, headers)
            json.loads(connection.getresponse().read())
            done += 1
        return done

    with ThreadPoolExecutor(THREADS) as threads:
        return sum(threads.map(calls, range(THREADS))) / SECONDS
