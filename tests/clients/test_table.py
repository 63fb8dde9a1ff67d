"""The table of clients in docs/gateway.md names each client that is tried, and none that failed."""

from tests.clients.clients import CLIENTS
from tests.clients.table import MARKED, PAGE
from tests.clients.trial import NO_WAY, TRIES

FOUND = MARKED.search(PAGE.read_text(encoding="utf-8"))
ROWS = [line.strip("| ").split(" | ") for line in (FOUND[0] if FOUND else "").splitlines() if line.startswith("| ")][1:]


def test_the_table_has_every_client() -> None:
    """Each of them, in order; those with another upstream follow."""
    assert [row[0] for row in ROWS][: len(CLIENTS)] == [client.name for client in CLIENTS]


def test_the_table_has_no_fault() -> None:
    """What a client has a way to do was right when it was tried last."""
    assert [row for row in ROWS if not set(row[2:]) <= {"yes", NO_WAY} or len(row) != len(TRIES) + 2] == []
