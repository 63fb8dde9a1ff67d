"""Load on one address: `wrk` where it is installed, which takes little of the machine; otherwise threads of Python."""

import json
import re
import shutil
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

SECONDS = 2
CONNECTIONS = 32
THREADS = 8

# Every request has another of the bodies, so that no text is sent twice in a row. All are made before the load begins.
SCRIPT = """
local requests, n = {}, 0
function init(args)
  local headers = {["Content-Type"] = "application/json", ["X-Api-Key"] = "%s"}
  for body in io.lines("%s") do
    requests[#requests + 1] = wrk.format("POST", "/v1/tokens/count", headers, body)
  end
end
function request()
  n = n %% #requests + 1
  return requests[n]
end
"""


def requests_per_second(url: str, key: str, bodies: list[bytes]) -> float:
    """Answers a second, all of them 200."""
    return _wrk(url, key, bodies) if shutil.which("wrk") else _python(url, key, bodies)


def generator() -> str:
    """What makes the load."""
    return "wrk" if shutil.which("wrk") else f"{THREADS} threads of Python (install wrk for more load)"


def _wrk(url: str, key: str, bodies: list[bytes]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        texts, script = Path(folder) / "bodies", Path(folder) / "calls.lua"
        texts.write_bytes(b"\n".join(bodies) + b"\n")
        script.write_text(SCRIPT % (key, texts))
        done = subprocess.run(
            ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-s", script, url],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
    found = re.search(r"Requests/sec:\s*([\d.]+)", done.stdout)
    if found is None or "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise RuntimeError(f"the load failed:\n{done.stdout}")
    return float(found[1])


def _python(url: str, key: str, bodies: list[bytes]) -> float:
    address = urlsplit(url).netloc
    end = time.monotonic() + SECONDS

    def calls(first: int) -> int:
        connection, done = HTTPConnection(address), 0
        while time.monotonic() < end:
            body = bodies[(first + done) % len(bodies)]
            headers = {"Content-Type": "application/json", "X-Api-Key": key}
            connection.request("POST", "/v1/tokens/count", body, headers)
            json.loads(connection.getresponse().read())
            done += 1
        return done

    with ThreadPoolExecutor(THREADS) as threads:
        return sum(threads.map(calls, range(THREADS))) / SECONDS
