"""The operator's file of aliases: every fault at once, each with the key and what to do."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from service.cli.main import main
from service.tokens.aliases import BadAliasesFile, read_aliases

MODELS = ("gpt-4o", "gpt-4o-mini")


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "aliases.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_aliases_stand_for_any_name_of_a_model(tmp_path: Path) -> None:
    """The catalogue's own names and other forms of them; an empty file has none."""
    path = written(tmp_path, '"house-large" = "gpt-4o"\nsmall = "GPT-4o-mini"\n')
    assert read_aliases(path, MODELS) == {"house-large": "gpt-4o", "small": "GPT-4o-mini"}
    assert read_aliases(written(tmp_path, ""), MODELS) == {}


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        (b"\xff", ["it is not TOML"]),
        ("a = ", ["it is not TOML"]),
        ("a = 5", ["'a': its value must be the name of a model in quotes"]),
        ('a.b = "gpt-4o"', ["'a': its value must be the name of a model in quotes"]),
        ('"" = "gpt-4o"', ["'': an alias has 1 to 256 characters, not 0"]),
        (f'{"a" * 257} = "gpt-4o"', ["an alias has 1 to 256 characters, not 257"]),
        ('a = "gpt-4oo"', ["'a': there is no model 'gpt-4oo'; did you mean gpt-4o?"]),
        ('a = "nothing"', ["'a': there is no model 'nothing'; name one that is known"]),
        ('"gpt-4o" = "gpt-4o-mini"', ["'gpt-4o': it is the name of a model of the catalogue"]),
        ('a = "b"\nb = "a"', ["'a': 'b' is an alias itself", "'b': 'a' is an alias itself"]),
        ('a = "a"', ["'a': 'a' is an alias itself"]),
        ('a = 1\nb = "nothing"', ["'a': its value", "'b': there is no model"]),
    ],
)
def test_each_fault_is_named(tmp_path: Path, text: str | bytes, faults: list[str]) -> None:
    """One error has the file and a sentence for each fault."""
    with pytest.raises(BadAliasesFile) as error:
        read_aliases(written(tmp_path, text), MODELS)
    assert str(error.value).startswith(f"{tmp_path / 'aliases.toml'} of WEIGHBRIDGE_ALIASES has ")
    for fault, expected in zip(error.value.faults, faults, strict=False):
        assert expected in fault
    assert len(error.value.faults) >= len(faults)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """A folder and a missing file are faults with the reason."""
    for path in (tmp_path, tmp_path / "missing.toml"):
        with pytest.raises(BadAliasesFile, match="it cannot be read: "):
            read_aliases(path, MODELS)


def test_commands_know_aliases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command shows how an alias was resolved, and one with a fault ends it before anything is done."""
    monkeypatch.setenv("WEIGHBRIDGE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("WEIGHBRIDGE_ALIASES", str(written(tmp_path, '"house-large" = "gpt-4o"')))
    shown = CliRunner().invoke(main, ["models", "house-large"])
    assert (shown.exit_code, "house-large stands for gpt-4o:" in shown.output) == (0, True)
    assert "operator alias: gpt-4o" in shown.output
    counted = CliRunner().invoke(main, ["count", "-m", "house-large", "-q"], input="hello world")
    assert (counted.exit_code, counted.output) == (0, "2\n")
    written(tmp_path, '"house-large" = "gpt-4oo"')
    failed = CliRunner().invoke(main, ["count", "-m", "gpt-4o", "-q"], input="hello world")
    assert (failed.exit_code, "'house-large': there is no model 'gpt-4oo'" in failed.output) == (1, True)
