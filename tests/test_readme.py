"""The README's commands run, and answer what the README says."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pricing_data import PriceBook
from service import __version__
from tests.end_to_end.server import Server, running
from tokenizer_registry import Registry

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```(?:\n```json\n(.*?)```)?", README, re.DOTALL)
ADDRESS = "http://127.0.0.1:8000"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The service that the README's calls go to."""
    with running(tmp_path_factory.mktemp("readme") / "data") as started:
        yield started


@pytest.mark.parametrize(
    ("command", "answer"), [block for block in BLOCKS if not block[0].startswith(("make ", "pip "))]
)
def test_commands_answer_as_shown(server: Server, command: str, answer: str) -> None:
    """A block of commands succeeds, and prints exactly the answer that stands below it."""
    environ = {**server.environ, "KEY": server.demo_key, "KEY_ID": "1"}
    environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environ['PATH']}"
    for line in re.split(r"\n(?=weighbridge )", command.strip()):
        if line.startswith("weighbridge vocab verify"):
            line += " r50k_base"  # one is enough here: all of them are verified elsewhere
        if "KEY_ID" in line:
            environ["KEY_ID"] = key_id(environ)
            line = line.replace("KEY_ID", '"$KEY_ID"')
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", line.replace(ADDRESS, server.url)],
            env=environ, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        if answer:
            assert done.stdout.strip() == answer.strip()


def key_id(environ: dict[str, str]) -> str:
    """The id of the key that the README's own command made."""
    listed = subprocess.run(
        ["weighbridge", "keys", "list", "--account", "research", "--json"],
        env=environ, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return str(re.findall(r'"id": "([^"]+)"', listed.stdout)[-1])


def test_the_catalogue_is_as_large_as_the_readme_says() -> None:
    """Models, authors, and models with a price on the day of the packaged book."""
    models, book = Registry.from_package().models, PriceBook.from_package()
    priced = [name for name in models if book.price(name, book.refreshed_at)]
    authors = {model.author for model in models.values()}
    found = re.search(r"has ([\d,]+) models of (\d+)\s+authors, (\d+) of them with a price", README)
    assert found is not None
    assert found.groups() == (f"{len(models):,}", f"{len(authors)}", f"{len(priced)}")


def test_make_has_the_commands_of_the_readme() -> None:
    """Every `make` command that the README names is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert {"serve", "test"} <= set(re.findall(r"^make ([a-z]+)$", README, re.MULTILINE)) <= targets


def test_links_lead_somewhere() -> None:
    """Every relative link of the README is a file or folder of the project."""
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", README):
        assert (ROOT / target).exists(), target


def test_the_changelog_knows_this_version() -> None:
    """The newest version in the changelog is the one of the package."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## \[(\d[^\]]*)\]", changelog, re.MULTILINE)
    assert versions[0] == __version__
