"""Resolve the dependencies into requirements/*.txt: every version and hash, for every platform, no host.

The files name no index, so that they install from any mirror. Run it to take newer versions.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
OPTIONS = [
    "--universal",
    "--python-version",
    "3.11",
    "--generate-hashes",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--no-annotate",
    "--no-header",
    "--quiet",
]
SETS: dict[str, list[str]] = {
    "runtime": [],
    "build": ["--group", "build"],
    "dev": ["--group", "dev", "--group", "build"],
    "peers": ["--group", "peers"],
    "clients": ["--group", "clients"],
    "llama": ["--group", "llama"],
}
APART = ("peers", "clients", "llama")  # environments of their own: their pins are not ours


def main() -> None:
    """Write the files; those of our own environment keep to the versions of the first."""
    for name, groups in SETS.items():
        print(f"resolving requirements/{name}.txt", flush=True)
        pinned = [] if name in ("runtime", *APART) else ["--constraint", "requirements/runtime.txt"]
        source = [] if name in ("build", *APART) else ["pyproject.toml"]
        command = [sys.executable, "-m", "uv", "pip", "compile", *OPTIONS, *groups, *pinned, *source]
        subprocess.run([*command, "--output-file", f"requirements/{name}.txt"], cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
