"""`weighbridge vocab`: list, add and fetch, with a data folder of their own."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service.cli.main import main
from tests.tokenizer_registry.shipped import VOCABULARIES, shipped_specs
from tokenizer_registry.packed import unpack

SENTENCE = "Felis nunc phasellus arcu ad bibendum elementum taciti."


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder of the test, which does not exist yet."""
    monkeypatch.setenv("WEIGHBRIDGE_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


def run(*arguments: str, text: str | None = None) -> Result:
    """What a command prints and how it ends."""
    return CliRunner().invoke(main, arguments, input=text)


@pytest.fixture
def ranks(tmp_path: Path) -> Path:
    """A rank file: GPT-2's."""
    spec = next(spec for spec in shipped_specs() if spec.name == "r50k_base")
    path = tmp_path / "mine.tiktoken"
    path.write_bytes(unpack(spec, VOCABULARIES))
    return path


def test_the_list_names_all(data: Path) -> None:
    """Every shipped vocabulary is listed with size, format, licence class, engine, source and models; so is what is
    good for estimates alone, as such."""
    rows = json.loads(run("vocab", "list", "--json").stdout)
    exact = [row["name"] for row in rows if row["counts"] == "exact"]
    assert exact == [spec.name for spec in shipped_specs()]
    assert all(row["name"].endswith("-reconstruction") for row in rows if row["counts"] == "estimates")
    assert len(rows) >= 45
    assert all(row["size"] > 0 and row["engine"] and row["source"] and row["licence class"] for row in rows)
    done = run("vocab", "list")
    assert [line.split("\t")[0] for line in done.stdout.splitlines()[1:]] == [row["name"] for row in rows]
    assert f"{len(rows)} vocabularies." in done.stderr
    assert "weighbridge vocab fetch command-r" in done.stderr
    assert not data.exists()


@pytest.mark.parametrize("author", ["openai", "OpenAI"])
def test_a_known_author_keeps_its_spelling(author: str, data: Path, ranks: Path) -> None:
    """An added model is listed with the other models of its author, whatever the case of the author's name."""
    words = ("--file", str(ranks), "--name", "mine", "--like", "r50k_base", "--model", "my-model", "--author", author)
    assert run("vocab", "add", *words).exit_code == 0
    assert json.loads(run("models", "my-model", "--json").stdout)[0]["author"] == "OpenAI"


def test_an_added_vocabulary_counts_at_once(data: Path, ranks: Path) -> None:
    """A private vocabulary is added with a model, and the next command counts with it."""
    added = run(
        "vocab", "add", "--file", str(ranks), "--name", "mine", "--like", "r50k_base",
        "--model", "my-model", "--author", "Us",
    )  # fmt: skip
    assert added.exit_code == 0, added.output
    counted = run("count", "--model", "my-model", "--json", text=SENTENCE)
    assert json.loads(counted.stdout)[0]["token_count"] == 18
    assert run("vocab", "verify", "mine").exit_code == 0
    assert '"class": "private"' not in run("vocab", "list", "--json").stdout
    again = run("vocab", "add", "--file", str(ranks), "--name", "mine", "--like", "r50k_base")
    assert "The vocabulary 'mine' already exists." in again.output


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (["--name", "Mine!", "--like", "r50k_base"], "is not a valid name of a vocabulary"),
        (["--name", "r50k_base", "--like", "r50k_base"], "The vocabulary 'r50k_base' already exists."),
        (["--name", "command-r", "--like", "r50k_base"], "The vocabulary 'command-r' already exists."),
        (["--name", "mine"], "needs --pattern"),
        (["--name", "mine", "--pattern", "("], "is not a usable pattern"),
        (["--name", "mine", "--pattern", r"\w+"], "loses characters"),
        (["--name", "mine", "--like", "llama-2"], "'llama-2' is not a known vocabulary of ranks"),
        (
            ["--name", "mine", "--like", "r50k_base", "--model", "gpt-4", "--author", "Us"],
            "The model 'gpt-4' already exists",
        ),
        (["--name", "mine", "--like", "r50k_base", "--model", "x"], "Use --model and --author together"),
        (["--name", "mine", "--like", "r50k_base", "--pattern", "x"], "cannot be used together"),
    ],
)
def test_what_cannot_be_added_is_refused(data: Path, ranks: Path, options: list[str], fault: str) -> None:
    """A wrong name, pattern or option ends with one sentence, and nothing is written."""
    refused = run("vocab", "add", "--file", str(ranks), *options)
    assert refused.exit_code != 0
    assert fault in refused.output
    assert not data.exists()


def test_a_missing_file_is_refused(data: Path, tmp_path: Path) -> None:
    """A file that is not there is named."""
    refused = run("vocab", "add", "--file", str(tmp_path / "none"), "--name", "mine")
    assert "Cannot read" in refused.output


def test_a_licence_is_shown_and_may_be_declined(data: Path) -> None:
    """Fetching shows the owner's terms first, and without a yes nothing is fetched."""
    declined = run("vocab", "fetch", "exaone", text="n\n")
    assert declined.exit_code != 0
    assert "EXAONE AI Model License Agreement 1.1 - NC" in declined.output
    assert "Do you accept these terms?" in declined.output
    assert not data.exists()


def test_only_what_is_not_shipped_is_fetched(data: Path) -> None:
    """A name that cannot be fetched is refused with those that can."""
    refused = run("vocab", "fetch", "llama-2")
    assert refused.exit_code != 0
    assert "there are command-r, exaone, jiutian, nerdstash-v2" in refused.output


def test_models_say_why_they_have_no_count(data: Path) -> None:
    """`weighbridge models NAME` distinguishes a licence from an unpublished vocabulary."""
    shown = json.loads(run("models", "command-r-plus", "grok-4", "gpt-4o", "--json").stdout)
    assert [row["without_count"] for row in shown] == [
        "licence forbids shipping: weighbridge vocab fetch command-r",
        "not published",
        None,
    ]


def test_a_damaged_private_vocabulary_is_told_of(data: Path, ranks: Path) -> None:
    """A damaged file fails the verification, its models have no count, and the command says why and what to do."""
    run("vocab", "add", "--file", str(ranks), "--name", "mine", "--like", "r50k_base", "--model", "m", "--author", "Us")
    packed = data / "vocabularies" / "mine.tiktoken.xz"
    packed.write_bytes(packed.read_bytes()[:1000])
    assert run("vocab", "verify", "mine").exit_code != 0
    counted = run("count", "--model", "m", "--model", "gpt-4o", "--json", text=SENTENCE)
    assert [entry["token_count"] for entry in json.loads(counted.stdout)] == [None, 14]
    shown = run("count", "--model", "m", text=SENTENCE)
    assert "vocabulary 'mine' is damaged" in shown.stderr
