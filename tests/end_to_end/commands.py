"""The command line, beside a server that runs."""

import subprocess

from tests.end_to_end.server import COMMAND, Server


def weighbridge(server: Server, *words: str, **variables: str) -> str:
    """Run a command with the server's settings, and others, to its end; what it prints, on both streams."""
    environ = {**server.environ, **{f"WEIGHBRIDGE_{name}": value for name, value in variables.items()}}
    done = subprocess.run(
        [*COMMAND, *words], env=environ, check=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    return done.stdout
