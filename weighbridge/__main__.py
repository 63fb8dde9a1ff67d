"""`python -m weighbridge` is the command `weighbridge`."""

from service.cli.main import main

main(prog_name="weighbridge")
