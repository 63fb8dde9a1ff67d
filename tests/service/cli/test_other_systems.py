"""Commands that need no server work where Linux's own functions are missing, as on macOS."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

WITHOUT_LINUX = """
import os, select, signal, socket
for module, names in (
    (os, "sched_getaffinity sched_setaffinity memfd_create eventfd splice posix_fadvise posix_fallocate getrandom "
         "copy_file_range pidfd_open setns unshare"),
    (select, "epoll"), (signal, "sigtimedwait sigwaitinfo"), (socket, "AF_NETLINK SO_PEERCRED TCP_USER_TIMEOUT"),
):
    for name in names.split():
        if hasattr(module, name):
            delattr(module, name)
from service.cli.main import main
main()
"""


@pytest.mark.parametrize(
    "words", [("count", "-m", "gpt-4o", "--json"), ("models", "gpt-4o", "--json"), ("config", "--json")]
)
def test_a_command_works_without_what_linux_alone_has(words: tuple[str, ...], tmp_path: Path) -> None:
    """It answers as it does here."""
    environ = {"HOME": str(tmp_path), "WEIGHBRIDGE_DATA_DIR": str(tmp_path / "data")}
    command = [sys.executable, "-c", WITHOUT_LINUX, *words]
    done = subprocess.run(command, input="one two", env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)
