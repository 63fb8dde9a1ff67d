"""`python -m service` is `weighbridge`."""

from service.cli import main

main(prog_name="weighbridge")
