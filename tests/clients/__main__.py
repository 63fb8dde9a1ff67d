"""Try every client against a served gateway: `python -m tests.clients [--paced] [--write] [NAME …]`.

`--write` puts the table into docs/gateway.md, `--paced` makes a thousand paced calls as well.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.clients.clients import CLIENTS, OPENAI, Client, program
from tests.clients.environments import python_program
from tests.clients.llama import is_installed, is_sound, llama_server
from tests.clients.paced import paced_calls
from tests.clients.scripted_answers import answer
from tests.clients.table import write_table
from tests.clients.trial import NO_WAY, Outcome, try_client
from tests.end_to_end.conftest import SETTINGS
from tests.end_to_end.server import Server, running
from tests.fake_upstream import MODEL, FakeUpstream, fake_upstream
from tests.litellm_proxy import KEY, litellm_proxy, relayed
from tests.litellm_proxy import MODEL as PROXY_MODEL

LLAMA_UPSTREAM = "openai (Python), llama-cpp-python with Gemma 3 270M as upstream"
LITELLM_UPSTREAM = "openai (Python), LiteLLM's proxy as upstream"


LLAMA_SETTINGS = {"UPSTREAM_TIMEOUT_SECONDS": "300", "GATEWAY_OUTPUT_TOKENS": "32"}


@contextmanager
def gateway(folder: Path, url: str, **more: str) -> Iterator[Server]:
    """A served gateway before the upstream with this base URL."""
    settings = {**SETTINGS, "UPSTREAM_URL": url, "UPSTREAM_MODEL": MODEL, "CORS_ORIGINS": "*", **more}
    with running(folder, settings) as server:
        yield server


def outcomes(upstream: FakeUpstream, folder: Path, wanted: Sequence[str]) -> Iterator[Outcome]:
    """Try the clients whose names begin with one of these words; all without any."""
    with gateway(folder / "direct", upstream.url) as server:
        for client in CLIENTS:
            if is_wanted(client.name, wanted):
                yield try_client(client, server)
    if is_wanted(LITELLM_UPSTREAM, wanted):
        with (
            litellm_proxy(folder, relayed(upstream.url, MODEL)) as url,
            gateway(folder / "relayed", url, UPSTREAM_MODEL=PROXY_MODEL, UPSTREAM_API_KEY=KEY) as server,
        ):
            yield try_client(Client(LITELLM_UPSTREAM, OPENAI), server)
    if is_wanted(LLAMA_UPSTREAM, wanted) and is_installed():
        with llama_server(folder) as url, gateway(folder / "llama", url, **LLAMA_SETTINGS) as server:
            yield try_client(Client(LLAMA_UPSTREAM, program(python_program("openai_llama.py"))), server, is_sound)


def is_wanted(name: str, wanted: Sequence[str]) -> bool:
    """Whether the name begins with one of these words, or there are none."""
    return not wanted or any(name.lower().startswith(word.lower()) for word in wanted)


def main() -> int:
    """Print what came of each try; the status is 1 if one failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.clients", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="try only clients whose names begin with this word")
    parser.add_argument("--paced", action="store_true", help="make 1,000 paced calls of openai's SDK")
    parser.add_argument("--write", action="store_true", help="put the table into docs/gateway.md")
    options = parser.parse_args()
    done: list[Outcome] = []
    with tempfile.TemporaryDirectory() as temporary, fake_upstream() as upstream:
        upstream.answer = answer
        for outcome in outcomes(upstream, Path(temporary), options.names):
            done.append(outcome)
            for name, fault in outcome.faults.items():
                print(f"{outcome.name} {outcome.version}, {name}: {fault or 'right'}", flush=True)
        paced = paced_calls(upstream, Path(temporary) / "paced") if options.paced else None
    if paced:
        print(paced.sentence, flush=True)
    if options.write:
        write_table(done, paced)
    failed = any(fault not in (None, NO_WAY) for outcome in done for fault in outcome.faults.values())
    return int(failed or (paced is not None and paced.failed))


if __name__ == "__main__":
    sys.exit(main())
