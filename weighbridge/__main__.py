"""`python -m weighbridge` is the command `weighbridge`."""

from service.cli import main

main(prog_name="weighbridge")
