"""Makes pricing_data/data/model_releases.toml: the day of each model's release, from pinned catalogues.

python -m scripts.model_releases fetch    download the pinned packages into build/model_releases, once
python -m scripts.model_releases check    1 if the file is not what the packages and the model names give
python -m scripts.model_releases write    write the file, and print how many models have a day

The catalogues are copies of models.dev, newest first. The first that states a day for the entry of the model's
author counts; then that for the author's entry at Vercel; then the day in the model's own name. A day after the
one on which a source already sold the model is wrong, or that of a newer model behind the same name; so is a day
far from the month in the model's name, and the first of January, which stands for a year. OpenAI names a snapshot of
the first day of each model: a day before that is one of an announcement. Then the next one counts.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import date
from pathlib import Path

from pricing_data.data import DATA
from pricing_data.refresh.model_releases import PATH, ModelRelease
from pricing_data.refresh.model_rules import ModelRule, read_model_rules
from pricing_data.refresh.sources.past_releases import read_history
from scripts.catalogue.models_file import read_rows
from scripts.models_dev import Catalogue, content_of, days_of, fetch, read_catalogues

ROOT = Path(__file__).parent.parent
CACHE = ROOT / "build" / "model_releases"
HEADER = """\
# The day on which each model of the catalogue was released. Made by python -m scripts.model_releases
#
# source    the package that states it and its entry there; "name": the day is in the model's own name
# All are copies of models.dev (MIT), read as data and never run, in MIT packages. A model that none of them states,
# or for which they state a day after that on which its price was first seen, is not here.
"""

# The author's own entry in models.dev, by the author of models.toml: its providers.
PROVIDERS = {
    "Alibaba": ("alibaba", "alibaba-cn"),
    "Anthropic": ("anthropic",),
    "Arcee AI": ("arcee",),
    "ByteDance": ("volcengine",),
    "Cohere": ("cohere",),
    "DeepSeek": ("deepseek",),
    "Google": ("google", "google-vertex"),
    "Inception": ("inception",),
    "Meituan": ("longcat",),
    "Meta": ("meta", "llama"),
    "MiniMax": ("minimax", "minimax-cn"),
    "Mistral": ("mistral",),
    "Moonshot AI": ("moonshotai", "moonshotai-cn"),
    "OpenAI": ("openai",),
    "Perplexity": ("perplexity",),
    "Sakana AI": ("sakana",),
    "StepFun": ("stepfun-ai", "stepfun"),
    "Tencent": ("tencent-tokenhub",),
    "Thinking Machines": ("thinkingmachines",),
    "Upstage": ("upstage",),
    "Xiaomi": ("xiaomi",),
    "Z.ai": ("zai", "zhipuai"),
    "xAI": ("xai",),
}
# The same authors and others in Vercel's list, which is kept with care; other hosts state the day they took a model in.
VERCEL = {"Amazon": "amazon", "Cohere": "cohere", "Meituan": "meituan", "Voyage AI": "voyage", "Mistral": "mistral"}

PLACEHOLDER = "-01-01"
SNAPSHOTS_OF = "OpenAI"
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
DAY_IN_NAME = re.compile(r"(?:^|[-_])(20\d\d|2[3-9])(-?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])(?:$|-)", re.ASCII)
MONTH_IN_NAME = re.compile(r"-(?:(2[3-9])(0[1-9]|1[0-2])|(0[1-9]|1[0-2])-20(2\d))$", re.ASCII)
MAX_MONTHS_FROM_NAME = 1


def first_sold() -> dict[str, date]:
    """Return the first day on which a release of a price source sold each model, by model name."""
    model_rules = read_model_rules(DATA / "upstream.toml").values()
    days: dict[str, date] = {}
    for package, file in (("litellm", "litellm"), ("litellm", "tokencost"), ("genai-prices", "genai_prices")):
        history = read_history(DATA / "history" / f"{file}.jsonl")
        for model in model_rules:
            if (key := _own_id(model, package)) and (seen := history.get(key)):
                days[model.model] = min(seen[0].seen, days.get(model.model, date.max))
    return days


def _own_id(model: ModelRule, package: str) -> str | None:
    """Return the id of a model in a source, unless it is that of an entry which stands for several models."""
    key = model.ids.get(package)
    return key if key and key.split("/")[-1].casefold() == model.model else None


def releases(folder: Path) -> dict[str, ModelRelease]:
    """Return the release of each model of the catalogue that has one, by name. Raise BadSource."""
    catalogues = [(pinned, days_of(content_of(folder, pinned))) for pinned in read_catalogues()]
    sold = first_sold()
    rows = read_rows()
    snapshots = first_snapshots(row["name"] for row in rows if row["author"] == SNAPSHOTS_OF)
    found: dict[str, ModelRelease] = {}
    for name, author in ((row["name"], row["author"]) for row in rows):
        stated = [*stated_days(name, author, catalogues), *filter(None, [snapshots.get(name)])]
        first = snapshots[name].released if name in snapshots else date.min
        likely = (release for release in stated if first <= release.released <= sold.get(name, date.max))
        if release := next((release for release in likely if is_in_month(name, release.released)), None):
            found[name] = release
    return dict(sorted(found.items()))


def first_snapshots(names: Iterable[str]) -> dict[str, ModelRelease]:
    """Return the first dated snapshot of each model that has one, by the model's name: o1-2024-12-17 is one of o1."""
    dated = sorted((day, name) for name in names if (day := day_in_name(name)))
    return {name[: -len(f"-{day}")]: ModelRelease(day, f"name of {name}") for day, name in reversed(dated)}


def stated_days(name: str, author: str, catalogues: list[tuple[Catalogue, dict[str, str]]]) -> Iterator[ModelRelease]:
    """Yield every statement of a model's day, the one that counts most first."""
    own = [f"{provider}/{name}" for provider in PROVIDERS.get(author, ())]
    for keys in (own, [f"vercel/{VERCEL.get(author)}/{name}"]):
        for pinned, days in catalogues:
            for key in keys:
                if DAY.fullmatch(day := days.get(key, "")) and not day.endswith(PLACEHOLDER):
                    yield ModelRelease(date.fromisoformat(day), f"{pinned.package} {pinned.version} {key}")
    if day_of_name := day_in_name(name):
        yield ModelRelease(day_of_name, "name")


def day_in_name(name: str) -> date | None:
    """Return the day that a model's name states, as in gpt-5-2025-08-07, claude-opus-4-20250514 and seed-1-6-250915."""
    found = DAY_IN_NAME.search(name)
    return date(int(found[1]) % 100 + 2000, int(found[3]), int(found[4])) if found else None


def is_in_month(name: str, day: date) -> bool:
    """Whether a day is near the month in a name, as in mistral-large-2512 and command-a-03-2025; True without one."""
    found = MONTH_IN_NAME.search(name)
    if found is None:
        return True
    year, month = int(found[1] or found[4]) + 2000, int(found[2] or found[3])
    return abs((day.year - year) * 12 + day.month - month) <= MAX_MONTHS_FROM_NAME


def text_of(catalogues: list[Catalogue], found: Mapping[str, ModelRelease]) -> str:
    """Return the text of the file."""
    pins = [
        "\n".join(["[[catalogue]]", *(f"{name} = {json.dumps(value)}" for name, value in asdict(pinned).items()), ""])
        for pinned in catalogues
    ]
    models = [
        f"{json.dumps(name)} = {{ released = {release.released}, source = {json.dumps(release.source)} }}"
        for name, release in found.items()
    ]
    return "\n".join([HEADER, *pins, "[models]", *models, ""])


def main(arguments: list[str]) -> int:
    """Run one command and return its exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["fetch", "check", "write"])
    command = parser.parse_args(arguments).command
    if command == "fetch":
        for pinned in read_catalogues():
            fetch(CACHE, pinned)
        return 0
    found = releases(CACHE)
    text = text_of(read_catalogues(), found)
    if command == "check":
        same = PATH.read_text(encoding="utf-8") == text
        print("the file is up to date" if same else f"{PATH} is not what the packages give")
        return 0 if same else 1
    PATH.write_text(text, encoding="utf-8")
    sold = [m.model for m in read_model_rules(DATA / "upstream.toml").values() if m.policy == "first_party"]
    print(
        f"{len(found)} models have a day; {sum(name in found for name in sold)} of {len(sold)} that their author sells"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
