"""Counting calls of the SDKs of Anthropic, OpenAI and Google; the request of an agent is in the file that is named.

Prints what they answer as JSON. A connection to another machine ends the program.
"""

import json
import os
import sys
from pathlib import Path

import anthropic
import openai
from google import genai
from google.genai import types
from google.oauth2.credentials import Credentials

URL, KEY = os.environ["GATEWAY_BASE_URL"], os.environ["GATEWAY_API_KEY"]
HELLO = [{"role": "user", "content": "Hello"}]


def refuse_other_machines(event: str, arguments: tuple) -> None:
    """Refuse a connection that does not stay on this machine."""
    if event == "socket.connect" and arguments[1][0] != "127.0.0.1":
        raise OSError(f"a connection to {arguments[1]}")


sys.addaudithook(refuse_other_machines)
agent = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
claude = anthropic.Anthropic(base_url=URL, api_key=KEY, max_retries=0)
gpt = openai.OpenAI(base_url=f"{URL}/v1", api_key=KEY, max_retries=0)
gemini = genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=URL))
vertex = genai.Client(vertexai=True, api_key=KEY, http_options=types.HttpOptions(base_url=URL))
project = genai.Client(
    vertexai=True,
    project="our-project",
    location="us-central1",
    credentials=Credentials(KEY),
    http_options=types.HttpOptions(base_url=URL, api_version="v1"),
)


def refused(error: type[Exception], call) -> str:
    """Return what the SDK says of a call that is refused with its own error."""
    try:
        call()
    except error as fault:
        return str(fault)
    raise SystemExit("a call was not refused")


print(
    json.dumps(
        {
            "anthropic": claude.messages.count_tokens(model="claude-sonnet-4-5", messages=HELLO).input_tokens,
            "agent": claude.messages.count_tokens(**agent).input_tokens,
            "openai": gpt.responses.input_tokens.count(model="gpt-4o", input="Hello").input_tokens,
            "gemini": gemini.models.count_tokens(model="gemini-2.5-flash", contents="Hello").total_tokens,
            "vertex": vertex.models.count_tokens(model="gemini-2.5-flash", contents="Hello").total_tokens,
            "project": project.models.count_tokens(model="gemini-2.5-flash", contents="Hello").total_tokens,
            "translated": gemini.models.count_tokens(model="gpt-4o", contents="Hello").total_tokens,
            "refused": [
                refused(anthropic.NotFoundError, lambda: claude.messages.count_tokens(model="gpt4-o", messages=HELLO)),
                refused(openai.NotFoundError, lambda: gpt.responses.input_tokens.count(model="gpt4-o", input="Hello")),
                refused(genai.errors.ClientError, lambda: gemini.models.count_tokens(model="gpt4-o", contents="Hello")),
            ],
        }
    )
)
