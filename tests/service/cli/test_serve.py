"""State that `serve` leaves to its workers."""

import json
import os
import subprocess
import sys
from pathlib import Path

AT_THE_FORK = (
    "import gc, json, sys; from service.cli import serve; from service.cli.main import main\n"
    "def run(server): print(json.dumps([gc.isenabled(), gc.get_freeze_count(), len(gc.get_objects())]))\n"
    "serve.libraries().Server.run = run; main(sys.argv[1:], standalone_mode=False)"
)


def test_workers_do_not_look_through_what_was_there_before_the_fork(tmp_path: Path) -> None:
    """When they are forked garbage is collected again, and almost all that is there is out of the collector's way.

    What it looked through it would write to, and then no worker would share it.
    """
    environ = {**os.environ, "WEIGHBRIDGE_PRELOAD_VOCABULARIES": "false", "WEIGHBRIDGE_DATA_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", AT_THE_FORK, "serve", "--port", "0"],
        check=True, capture_output=True, text=True, env=environ,
    )  # fmt: skip
    enabled, frozen, watched = json.loads(done.stdout)
    assert enabled
    assert watched * 100 < frozen
