"""`python -m weighbridge` is the command `weighbridge`."""

import sys
from pathlib import Path


def run_command() -> None:
    """Run the command line, not another's package `service` in the working folder, where -m looks first."""
    installed_in = Path(__file__).resolve().parents[1]
    if not sys.flags.safe_path and Path(sys.path[0]).resolve() != installed_in:
        del sys.path[0]
    from service.cli.main import main

    main(prog_name="weighbridge")


run_command()
