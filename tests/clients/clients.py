"""A client that is tried: a program in another process, or a page in a browser."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Page, sync_playwright
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from tests.browser.chromium import OPTIONS, chromium
from tests.clients.environments import HERE, NODE_MODULES, PEERS_PYTHON, node_program, python_program
from tests.served import served

PAGE = """<!doctype html><title>page</title>
<script type="importmap">{"imports": {
  "openai": "/node_modules/openai/index.mjs",
  "openai/helpers/zod": "/node_modules/openai/helpers/zod.mjs",
  "zod": "/node_modules/zod/index.js",
  "zod/v3": "/node_modules/zod/v3/index.js",
  "zod/v4": "/node_modules/zod/v4/index.js"
}}</script>
<script type="module">
  import OpenAI from "openai";
  import { tries } from "/openai_tries.mjs";
  window.start = (baseURL, apiKey) => {
    window.tries = tries(new OpenAI({ baseURL, apiKey, dangerouslyAllowBrowser: true }));
  };
</script>"""
Ask = Callable[[str], dict[str, Any]]


class Conversation(NamedTuple):
    """A client that runs: its version, and how it is asked for a try."""

    version: str
    ask: Ask


Opening = Callable[[str, str], AbstractContextManager[Conversation]]


class Client(NamedTuple):
    """A client by its name; `open` starts it with a base URL and a key."""

    name: str
    open: Opening


def program(command: Sequence[str]) -> Opening:
    """A client in a process of its own."""

    @contextmanager
    def opened(base_url: str, key: str) -> Iterator[Conversation]:
        environ = {**os.environ, "GATEWAY_BASE_URL": base_url, "GATEWAY_API_KEY": key}
        with subprocess.Popen(
            command, env=environ, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            answers = process.stdout

            def heard() -> dict[str, Any]:
                for line in answers:
                    if line.startswith("{"):  # libraries print what they like
                        said: dict[str, Any] = json.loads(line)
                        return said
                raise RuntimeError(f"{command[-1]} has ended")

            def ask(name: str) -> dict[str, Any]:
                print(name, file=process.stdin, flush=True)
                return heard()

            yield Conversation(heard()["version"], ask)
            process.stdin.close()

    return opened


async def _page(request: Request) -> HTMLResponse:
    return HTMLResponse(PAGE)


@contextmanager
def page_with_the_sdk(base_url: str, key: str) -> Iterator[Conversation]:
    """OpenAI's SDK in a page of another origin than the gateway's."""
    files = Mount("/", StaticFiles(directory=HERE / "node"))
    with served(Starlette(routes=[Route("/", _page), files])) as pages, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=[*OPTIONS])
        page = browser.new_page()
        page.set_default_timeout(60_000)
        page.goto(pages.url)
        page.wait_for_function("() => Boolean(window.start)")
        page.evaluate("([url, key]) => window.start(url, key)", [base_url, key])
        yield Conversation(_version(NODE_MODULES / "openai"), lambda name: _ask_page(page, name))
        browser.close()


def _ask_page(page: Page, name: str) -> dict[str, Any]:
    said: dict[str, Any] = page.evaluate(
        "(name) => window.tries[name]().catch((error) => ({ error: String(error.stack) }))", name
    )
    return said


def _version(package: Path) -> str:
    version: str = json.loads((package / "package.json").read_text(encoding="utf-8"))["version"]
    return version


OPENAI = program(python_program("openai_sdk.py"))
CLIENTS = (
    Client("openai (Python)", OPENAI),
    Client("openai (Node)", program(node_program("openai_sdk.mjs"))),
    Client("openai in a page (Chromium)", page_with_the_sdk),
    Client("LangChain (langchain-openai)", program(python_program("langchain.py"))),
    Client("LiteLLM", program(python_program("litellm_sdk.py", PEERS_PYTHON))),
    Client("instructor", program(python_program("instructor_sdk.py", PEERS_PYTHON))),
    Client("pydantic-ai", program(python_program("pydantic_ai_sdk.py"))),
    Client("Vercel AI SDK (ai)", program(node_program("ai_sdk.mjs"))),
    Client("llm", program(python_program("llm_tool.py"))),
)
