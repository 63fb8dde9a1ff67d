"""`weighbridge prices refresh`: what it appends, what it holds, and that it never leaves half a book."""

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pricing_data import PriceBook
from pricing_data.book.file import book_text
from pricing_data.book.lines import SourceVersion
from service.cli.main import main
from tests.pricing_data.conftest import SHA256, price
from tests.service.cli.price_wheels import dated, flat, genai_wheel, litellm_wheel, model_prices_wheel

MODELS = ("gpt-6-sol", "gpt-6-luna", "gpt-6-astra")
TODAY = datetime.now(UTC).date()


class World:
    """A folder with a small book of three models at 2 USD per million tokens, and wheels to refresh it from."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.own = folder / "own.toml"
        self.book_path = folder / "prices" / "prices.jsonl"
        self.book_path.parent.mkdir()
        rows = [price(name, date(2026, 1, 1), "0.000002") for name in sorted(MODELS)]
        # The overrides that ship are in every book.
        rows += [row for row in PriceBook.from_package().rows if row.source.package == "overrides.toml"]
        stored = [SourceVersion(package, "0.0.0.1", SHA256) for package in ("genai-prices", "litellm", "model-prices")]
        self.book_path.write_text(book_text(rows, date(2026, 6, 1), stored), encoding="utf-8")
        self.wheels(genai={})

    def wheels(
        self,
        genai: dict[str, str],
        litellm: dict[str, str] | None = None,
        history: dict[str, list[tuple[str, str]]] | None = None,
        version: str = "0.0.0.9",
    ) -> None:
        """Return wheels that state what the book states, except for these entries."""
        base = dict.fromkeys(MODELS, flat("2"))
        self.files = [
            genai_wheel(self.folder, {name: said for name, said in {**base, **genai}.items() if said}, version),
            litellm_wheel(self.folder, litellm or {}, version),
            model_prices_wheel(self.folder, history or {}, version),
        ]

    def run(self, *options: str) -> Result:
        """The outcome of a refresh of that book from those wheels."""
        wheels = [option for path in self.files for option in ("--wheel", str(path))]
        return CliRunner().invoke(main, ["prices", "refresh", "--into", str(self.book_path.parent), *wheels, *options])

    def refreshed(self, *options: str) -> dict[str, Any]:
        """The JSON of a refresh that may change all models."""
        found: dict[str, Any] = json.loads(self.run("--json", "--yes", *options).stdout)
        return found

    def price(self, model: str, at: date) -> Decimal | None:
        """The input price of the book on a day."""
        found = self.book.price(model, at)
        return found.input if found else None

    @property
    def book(self) -> PriceBook:
        """Return the bytes of the book's file."""
        return PriceBook.from_file(self.book_path)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world of its own, with its own data folder."""
    monkeypatch.setenv("WEIGHBRIDGE_DATA_DIR", str(tmp_path / "data"))
    return World(tmp_path)


def test_nothing_new_appends_nothing_and_is_remembered(world: World) -> None:
    """Sources that agree with the book append no row, however often; the day of the refresh is noted."""
    rows, version = world.book.rows, world.book.version
    for _ in range(2):
        done = world.run()
        assert done.exit_code == 0, done.output
        assert "0 rows: nothing new" in done.output
    assert (world.book.rows, world.book.version, world.book.refreshed_at) == (rows, version, TODAY)


def test_a_change_is_appended_once(world: World) -> None:
    """A new price becomes a row from today on; the older rows stay; a second refresh adds nothing."""
    world.wheels({"gpt-6-sol": flat("3")})
    before = world.book.rows
    done = world.run("--yes")
    assert done.exit_code == 0, done.output
    assert "1 changed" in done.output
    assert world.book.rows[: len(before)] == before
    found = world.book.price("gpt-6-sol", TODAY)
    assert found is not None
    assert (found.input, found.source.version) == (Decimal("0.000003"), "0.0.0.9")
    rows = world.book.rows
    assert world.refreshed()["changes"] == []
    assert world.book.rows == rows


FAR = (TODAY + timedelta(days=40)).timetuple()[:3]
NEAR = (TODAY + timedelta(days=3)).timetuple()[:3]


@pytest.mark.parametrize(
    ("genai", "litellm", "kind", "reason"),
    [
        ({"gpt-6-sol": flat("6.01")}, None, "held", "changes more than 3 times"),
        ({"gpt-6-sol": flat("0.6")}, None, "held", "changes more than 3 times"),
        ({"gpt-6-sol": flat("200")}, None, "held", "slip of units"),
        ({"gpt-6-sol": flat("0.02")}, None, "held", "slip of units"),
        ({"gpt-6-sol": flat("0.00205")}, None, "held", "slip of units"),
        ({"gpt-6-sol": flat("0.000002")}, None, "held", "slip of units"),
        ({"gpt-6-sol": flat("0")}, None, "held", "not above zero"),
        ({"gpt-6-sol": flat("-2")}, None, "held", "not above zero"),
        ({"gpt-6-sol": flat("NaN")}, None, "held", "not a finite number"),
        ({"gpt-6-sol": flat("2.0000001")}, None, "held", "more than 12 decimals"),
        ({"gpt-6-sol": flat("3")}, {"gpt-6-sol": "2e-06"}, "held", "no other source confirms"),
    ],
)
def test_what_a_guard_catches_is_held(
    world: World, genai: dict[str, str], litellm: dict[str, str] | None, kind: str, reason: str
) -> None:
    """A manipulated source changes nothing: the price stays, the reason is printed, the exit status is 2."""
    world.wheels(genai, litellm)
    rows = world.book.rows
    done = world.run("--yes")
    assert done.exit_code == 2, done.output
    assert world.book.rows == rows
    notes = [note for note in world.refreshed()["notes"] if note["kind"] == kind]
    assert [note["model"] for note in notes] == ["gpt-6-sol"]
    assert reason in notes[0]["reason"]


def test_a_price_of_next_days_is_stored_for_its_day(world: World) -> None:
    """A change announced for the next days enters the book and holds from its day."""
    world.wheels({"gpt-6-sol": dated("2", NEAR, "3")})
    assert world.run("--yes").exit_code == 0
    day = date(*NEAR)
    assert [world.price("gpt-6-sol", at) for at in (TODAY, day)] == [Decimal("0.000002"), Decimal("0.000003")]


def test_a_vanished_model_is_retired_at_its_last_price(world: World) -> None:
    """A model that no source lists any more keeps its price, in state retired."""
    world.wheels({"gpt-6-astra": ""})
    done = world.run("--yes")
    assert (done.exit_code, "1 retired" in done.output) == (0, True)
    found = world.book.price("gpt-6-astra", TODAY)
    assert found is not None
    assert (found.state, found.input) == ("retired", Decimal("0.000002"))


def test_many_changes_at_once_need_a_yes(world: World) -> None:
    """When more models change than may, nothing is written and the exit status is 2, until --yes."""
    world.wheels({"gpt-6-sol": flat("3")})
    text = world.book_path.read_text(encoding="utf-8")
    done = world.run()
    assert done.exit_code == 2
    assert "20 % of the models would change, more than 10 %" in done.output
    assert world.book_path.read_text(encoding="utf-8") == text
    assert world.run("--max-changed", "20").exit_code == 0


def test_a_dry_run_writes_nothing(world: World) -> None:
    """What would change is shown, and the file stays as it is."""
    world.wheels({"gpt-6-sol": flat("3")})
    text = world.book_path.read_text(encoding="utf-8")
    assert "1 changed" in world.run("--dry-run", "--yes").output
    assert world.book_path.read_text(encoding="utf-8") == text


def test_an_older_source_is_refused(world: World) -> None:
    """A wheel older than the one that the book was last made from is refused by both versions."""
    world.wheels({}, version="0.0.0.0")
    done = world.run()
    assert done.exit_code == 1
    assert "genai-prices 0.0.0.0 is older than genai-prices 0.0.0.1" in done.output


def test_a_held_change_is_taken_once_it_is_allowed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cited [[allow]] of the operator lets the named price pass its guard."""
    world.wheels({"gpt-6-sol": flat("20")})
    assert world.run("--yes").exit_code == 2
    world.own.write_text(
        '[[allow]]\nmodel = "gpt-6-sol"\ninput = "0.00002"\nurl = "https://example.org"\nreason = "announced"\n',
        encoding="utf-8",
    )
    monkeypatch.setenv("WEIGHBRIDGE_PRICE_OVERRIDES", str(world.own))
    assert world.run("--yes").exit_code == 0
    assert world.price("gpt-6-sol", TODAY) == Decimal("0.00002")


def test_a_damaged_book_is_refused_by_its_row(world: World) -> None:
    """A book that was edited by hand is not built upon: the row is named and the file left as it is."""
    text = world.book_path.read_text(encoding="utf-8").replace("0.000002", "0.000001", 1)
    world.book_path.write_text(text, encoding="utf-8")
    done = world.run()
    assert done.exit_code == 1
    assert "line 1" in done.output
    assert "row of gpt-6-astra from 2026-01-01" in done.output
    assert world.book_path.read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda path: path.write_bytes(b"not a wheel"), "genai_prices-0.0.0.9"),
        (lambda path: path.unlink(), "No such file"),
    ],
)
def test_a_bad_wheel_is_refused(world: World, spoil: Callable[[Path], object], sentence: str) -> None:
    """A missing or broken wheel ends the refresh with its name."""
    spoil(world.files[0])
    done = world.run()
    assert (done.exit_code, sentence in done.output) == (1, True)


def test_a_file_that_is_no_source_is_refused(world: World, tmp_path: Path) -> None:
    """Only wheels of the three sources are read."""
    done = CliRunner().invoke(main, ["prices", "refresh", "--wheel", str(tmp_path / "click-8.5.1-py3-none-any.whl")])
    assert done.exit_code == 1
    assert "not a wheel of genai-prices, litellm, model-prices" in done.output


def test_a_missing_source_says_what_to_do(world: World) -> None:
    """Without all three sources nothing is compared; the sentence names what is missing and both remedies."""
    done = CliRunner().invoke(main, ["prices", "refresh"])
    assert done.exit_code == 1
    assert "Missing source packages: litellm, model-prices." in done.output
    assert "--wheel" in done.output
    assert "--download" in done.output


def test_an_unknown_host_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A misspelt reference host is refused; it is not treated as a host that sells nothing."""
    monkeypatch.setenv("WEIGHBRIDGE_REFERENCE_HOSTS", "groq, bedrok")
    done = world.run()
    assert done.exit_code == 1
    assert "unknown host bedrok" in done.output


def test_the_data_folder_has_the_operators_book(world: World, tmp_path: Path) -> None:
    """Without --into the refreshed book lies in the data folder, and is used from then on: by status, at and count."""
    target = tmp_path / "data" / "prices" / "prices.jsonl"
    target.parent.mkdir(parents=True)
    rows = [price("gpt-6-sol", date(2026, 1, 1), "0.000002")]
    target.write_text(book_text(rows, TODAY, []), encoding="utf-8")
    world.wheels({"gpt-6-sol": flat("3")})
    wheels = [option for path in world.files for option in ("--wheel", str(path))]
    done = CliRunner().invoke(main, ["prices", "refresh", "--yes", *wheels])
    assert done.exit_code == 0, done.output
    status = json.loads(CliRunner().invoke(main, ["prices", "status", "--json"]).stdout)
    assert (status["book"], status["age_days"]) == (str(target), 0)
    priced = CliRunner().invoke(main, ["models", "gpt-6-sol", "--json"]).stdout
    assert json.loads(priced, parse_float=Decimal)[0]["price_per_input_token"] == Decimal("0.000003")


def test_an_older_book_in_the_data_folder_gives_way(world: World, tmp_path: Path) -> None:
    """A packaged book that is newer wins, and a refresh keeps the older one aside instead of losing it."""
    target = tmp_path / "data" / "prices" / "prices.jsonl"
    target.parent.mkdir(parents=True)
    target.write_text(book_text([price("gpt-6-sol")], date(2026, 6, 1), []), encoding="utf-8")
    old = PriceBook.from_file(target)
    status = json.loads(CliRunner().invoke(main, ["prices", "status", "--json"]).stdout)
    assert status["book"] == "packaged"
    world.wheels({}, version="9.0.0")
    genai = [option for path in world.files for option in ("--wheel", str(path))]
    done = CliRunner().invoke(main, ["prices", "refresh", "--yes", *genai])
    assert done.exit_code in (0, 2), done.output
    assert PriceBook.from_file(target.with_name(f"prices-{old.version}.jsonl")).rows == old.rows
    assert PriceBook.from_file(target).rows[0] == PriceBook.from_package().rows[0]


def test_suggest_drafts_rows_for_a_person(world: World) -> None:
    """A name that its author sells and that is unknown is drafted as two rows; a known one is not."""
    world.wheels({"gpt-99-omega": flat("3")})
    wheels = [option for path in world.files for option in ("--wheel", str(path))]
    done = CliRunner().invoke(main, ["prices", "suggest", *wheels])
    assert done.exit_code == 0, done.output
    assert 'name = "gpt-99-omega"\nauthor = "OpenAI"\ndisplay_name = "GPT-99 Omega"' in done.output
    assert '"gpt-99-omega" = { price_policy = "first_party", genai_prices = "openai/gpt-99-omega" }' in done.output
    assert '"gpt-6-sol"' not in done.output
    world.wheels({})
    known = CliRunner().invoke(
        main, ["prices", "suggest", *[option for path in world.files for option in ("--wheel", str(path))]]
    )
    assert "The catalogue has every model" in known.output


def test_of_two_refreshes_at_once_one_appends_and_the_other_finds_it_done(world: World) -> None:
    """Two processes that refresh one book take turns: a change is appended once and the book stays whole."""
    world.wheels(genai={"gpt-6-sol": flat("3")})
    before = len(PriceBook.from_file(world.book_path).rows)
    command = [sys.executable, "-m", "service", "prices", "refresh", "--into", str(world.book_path.parent), "--json"]
    wheels = [option for path in world.files for option in ("--wheel", str(path))]
    racers = [subprocess.Popen([*command, "--yes", *wheels], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    reports = [json.loads(racer.communicate()[0]) for racer in racers]
    assert sorted(len(report["changes"]) for report in reports) == [0, 1]
    assert len(PriceBook.from_file(world.book_path).rows) == before + 1
