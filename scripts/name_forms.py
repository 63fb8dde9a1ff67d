"""Names in the forms of OpenRouter, Bedrock, Vertex, Azure and Hugging Face, made from LiteLLM's names, for a test.

python -m scripts.name_forms report    print how many names of each form resolve
python -m scripts.name_forms record    write the names of LiteLLM's pinned file: tests/data/litellm_names.json
"""

import argparse
import hashlib
import json
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pricing_data.refresh.model_rules import read_pins
from pricing_data.refresh.sources import litellm
from pricing_data.refresh.sources.package_file import read_member
from scripts.build_prices import CACHE, PINS, ROOT
from tokenizer_registry.registry import Registry

NAMES = ROOT / "tests" / "data" / "litellm_names.json"
MODES = {"chat", "completion", "responses", "embedding"}
# The author's prefix at OpenRouter, by LiteLLM's provider.
OPENROUTER = {
    "ai21": "ai21",
    "amazon_nova": "amazon",
    "anthropic": "anthropic",
    "cohere_chat": "cohere",
    "deepseek": "deepseek",
    "gemini": "google",
    "inception": "inception",
    "minimax": "minimax",
    "mistral": "mistralai",
    "moonshot": "moonshotai",
    "openai": "openai",
    "xai": "x-ai",
    "zai": "z-ai",
}
ARN = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us."
HOSTED = re.compile(r"(?P<host>[a-z0-9_-]+)/(?P<repository>[A-Za-z0-9][\w.-]*/[\w.-]+)")
BEDROCK_REGIONS = {"apac", "au", "ca", "eu", "global", "in", "jp", "us"}
BEDROCK = ("bedrock", "bedrock_converse", "bedrock_mantle")

# LiteLLM's names of models that answer with text or embeddings, by its provider.
Names = Mapping[str, Sequence[str]]


def bedrock(names: Names) -> Iterator[str]:
    """Yield names of Bedrock: as listed, by an inference profile, its ARN and LiteLLM's routes."""
    for name in _of(names, *BEDROCK):
        yield name
        if re.fullmatch(r"[a-z0-9]+\.[\w.:-]+", name) and name.partition(".")[0] not in BEDROCK_REGIONS:
            yield from (f"us.{name}", f"global.{name}", f"bedrock/{name}", f"bedrock/converse/{name}", f"{ARN}{name}")


def azure(names: Names) -> Iterator[str]:
    """Yield names of Azure: as listed, and OpenAI's names there and in its European data zone."""
    yield from _of(names, "azure", "azure_ai", "azure_text")
    for name in _of(names, "openai"):
        if "/" not in name:
            yield from (f"azure/{name}", f"azure/eu/{name}")


def vertex(names: Names) -> Iterator[str]:
    """Yield names of Vertex AI: as listed, with @default, and as resource names."""
    for name in _of(names, *(provider for provider in names if provider.startswith("vertex_ai"))):
        yield name
        plain = name.removeprefix("vertex_ai/")
        if plain.startswith(("claude-", "gemini-")):
            author = "anthropic" if plain.startswith("claude") else "google"
            yield f"vertex_ai/{plain}"
            yield f"projects/p/locations/global/publishers/{author}/models/{plain}"
            if "@" not in plain:
                yield f"{plain}@default"


def openrouter(names: Names) -> Iterator[str]:
    """Yield names of OpenRouter: AUTHOR/NAME with its own prefix and without, and free."""
    for provider, author in OPENROUTER.items():
        for name in _of(names, provider):
            plain = name.rpartition("/")[2].partition("@")[0]
            if provider == "anthropic":
                plain = re.sub(r"(?<=-\d)-(?=\d(-|$))", ".", plain)
            yield from (f"openrouter/{author}/{plain}", f"{author}/{plain}", f"{author}/{plain}:free")


def hugging_face(names: Names) -> Iterator[str]:
    """Yield the repositories in the names of hosts, plain and quantized."""
    for name in (name for provider in names for name in names[provider]):
        found = HOSTED.fullmatch(name)
        if found and found["host"] not in {"azure", "bedrock", "vertex_ai"}:
            yield found["repository"]
            yield f"{found['repository']}-AWQ"


def hosts(names: Names) -> Iterator[str]:
    """Yield the names of all other providers, as listed."""
    clouds = {*BEDROCK, *OPENROUTER, "azure", "azure_ai", "azure_text"}
    others = (provider for provider in names if provider not in clouds and not provider.startswith("vertex_ai"))
    yield from _of(names, *others)


FORMS: Mapping[str, Callable[[Names], Iterator[str]]] = {
    "OpenRouter": openrouter,
    "Bedrock": bedrock,
    "Vertex AI": vertex,
    "Azure": azure,
    "Hugging Face": hugging_face,
    "other hosts": hosts,
}


def made_names(names: Names) -> dict[str, list[str]]:
    """Return the distinct names of each form."""
    return {form: list(dict.fromkeys(make(names))) for form, make in FORMS.items()}


def recorded_names() -> Names:
    """Return the recorded names. Raise OSError or ValueError."""
    found: Names = json.loads(NAMES.read_text(encoding="utf-8"))["names"]
    return found


def _of(names: Names, *providers: str) -> Iterator[str]:
    for provider in providers:
        yield from names.get(provider, ())


def _record() -> None:
    pin = read_pins(PINS).packages["litellm"]
    entries: dict[str, dict[str, Any]] = json.loads(read_member(CACHE, pin, litellm.MEMBER))
    names = defaultdict(list)
    for key, entry in sorted(entries.items()):
        if entry.get("mode") in MODES and "litellm_provider" in entry:
            names[entry["litellm_provider"]].append(key)
    found = dict(sorted(names.items()))
    digest = hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()
    head = {"package": "litellm", "version": pin.version, "licence": "MIT", "wheel_sha256": pin.sha256}
    text = json.dumps({**head, "sha256": digest, "names": found}, indent=1)
    NAMES.write_text(text + "\n", encoding="utf-8")


def _report() -> None:
    resolver = Registry.from_package().names
    print(f"{'form':<14}{'made':>6}{'resolved':>10}{'share':>8}")
    for form, names in made_names(recorded_names()).items():
        resolved = sum(resolver.find(name) is not None for name in names)
        print(f"{form:<14}{len(names):>6}{resolved:>10}{resolved / len(names):>8.1%}")


def main() -> int:
    """Run the command. Return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["report", "record"])
    {"report": _report, "record": _record}[parser.parse_args().command]()
    return 0


if __name__ == "__main__":
    sys.exit(main())
