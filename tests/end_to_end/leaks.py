"""Where a server left what it must not: secrets in its output, its numbers and its files."""

import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # every server is searched when it ends, so it has to know this module
    from tests.end_to_end.server import Server

BANNER_TIMES = 2  # at the start the demo key is shown alone, and in a call to try
FILES_OF_SECRETS = {"demo-key", "pepper"}
SECRET_SETTINGS = ("_KEY", "_PEPPER")


def secrets_of(server: "Server") -> set[str]:
    """What callers and the operator use in confidence; of keys what follows the prefix, of sessions what is signed."""
    settings = {value for name, value in server.environ.items() if is_secret(name) and value}
    keys = {key.removeprefix("atms_sk_") for key in (server.demo_key, *server.keys)}
    sessions = {part for token in server.sessions for part in token.split(".")[1:]}
    return settings | keys | sessions | {*server.passwords, *peppers(server)}


def is_secret(name: str) -> bool:
    """Whether a variable of the environment is a setting that holds a secret."""
    return name.startswith("WEIGHBRIDGE_") and name.endswith(SECRET_SETTINGS)


def peppers(server: "Server") -> set[str]:
    """The pepper that the server made for itself, if it did."""
    path = Path(server.environ["WEIGHBRIDGE_DATA_DIR"]) / "pepper"
    return {path.read_text().strip()} if path.exists() else set()


def leaks(server: "Server", shown: Iterable[str] = ()) -> list[tuple[str, str]]:
    """Each place that a secret was found in, and the secret. `shown` is what the server said besides its output."""
    demo = server.demo_key.removeprefix("atms_sk_")
    places: dict[str, bytes] = {"output": server.text.replace(demo, "", BANNER_TIMES).encode()}
    places |= {f"text {number}": text.encode() for number, text in enumerate(shown)}
    data = Path(server.environ["WEIGHBRIDGE_DATA_DIR"])
    for path in data.rglob("*"):
        if path.is_file() and path.name not in FILES_OF_SECRETS:
            with contextlib.suppress(FileNotFoundError):
                places[str(path.relative_to(data))] = path.read_bytes()
    secrets = secrets_of(server)
    return [(place, secret) for place, text in places.items() for secret in secrets if secret.encode() in text]
