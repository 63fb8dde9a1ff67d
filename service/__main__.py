"""`python -m service` is `weighbridge`."""

from service.cli.main import main

main(prog_name="weighbridge")
