"""Where the clients are that `make clients` installs, and the commands that run them."""

import shutil
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PYTHON = ROOT / ".clients" / "bin" / "python"
PEERS_PYTHON = ROOT / ".peers" / "bin" / "python"
NODE_MODULES = HERE / "node" / "node_modules"
NO_PYTHON = "clients are not installed: run `make clients`"
NO_NODE = "clients for Node are not installed: run `make clients`, with npm"


def has_python() -> bool:
    """Whether the clients in Python are installed."""
    return PYTHON.exists()


def has_node() -> bool:
    """Whether the clients for Node are installed."""
    return NODE_MODULES.exists() and shutil.which("node") is not None


def python_program(name: str, python: Path = PYTHON) -> list[str]:
    """The command of one of the programs in Python."""
    return [str(python), "-W", "ignore", str(HERE / "programs" / name)]


def node_program(name: str) -> list[str]:
    """The command of one of the programs for Node."""
    return ["node", "--no-warnings", str(HERE / "node" / name)]
