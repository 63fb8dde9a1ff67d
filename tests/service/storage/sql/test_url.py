"""The URLs of databases."""

from pathlib import Path

import pytest

from service.storage.errors import BadStoreUrl
from service.storage.sql.url import DatabaseUrl


@pytest.mark.parametrize(
    ("given", "with_driver"),
    [
        ("sqlite:///a/b.db", "sqlite+pysqlite:///a/b.db"),
        ("sqlite:////a/b.db", "sqlite+pysqlite:////a/b.db"),
        ("sqlite+aiosqlite:///b.db", "sqlite+pysqlite:///b.db"),
        ("postgresql://u:p@h:1/d", "postgresql+psycopg://u:p@h:1/d"),
        ("postgres://h/d", "postgresql+psycopg://h/d"),
        (
            "postgresql+asyncpg://h/d?sslmode=require",
            "postgresql+psycopg://h/d?sslmode=require",
        ),
    ],
)
def test_a_url_becomes_that_of_the_driver(given: str, with_driver: str) -> None:
    """Every form of a URL leads to the service's driver and the same database."""
    url = DatabaseUrl.parse(given)
    assert url.with_driver.render_as_string(hide_password=False) == with_driver


@pytest.mark.parametrize(
    "given", ["", "nonsense", "mysql://u:s3cret@h/d", "sqlite://", "sqlite:///:memory:", "//s3cret"]
)
def test_an_unusable_url_is_refused_without_being_repeated(given: str) -> None:
    """The refusal says what is wrong without repeating the URL, which may contain a password."""
    with pytest.raises(BadStoreUrl) as caught:
        DatabaseUrl.parse(given)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "given",
    ["postgresql://u:s3cret@h/d", "postgresql://u@h/d?password=s3cret", "postgresql://u:s3cret@/d?host=/run"],
)
def test_a_password_is_never_shown(given: str) -> None:
    """Neither the shown form, nor repr, nor a driver's message has the password."""
    url = DatabaseUrl.parse(given)
    assert "s3cret" not in f"{url.shown} {url!r} {url} {url.without_password('denied for s3cret')}"


@pytest.mark.parametrize("name", ["a b.db", "a%20b.db", "a?b#c.db", "ü.db", "a@b:c.db"])
def test_any_file_name_is_reached(tmp_path: Path, name: str) -> None:
    """The URL of a file leads to exactly that file, whatever characters its name has."""
    assert DatabaseUrl.of_file(tmp_path / name).with_driver.database == str(tmp_path / name)
