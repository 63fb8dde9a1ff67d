"""Weighbridge: exact token counts, exact prices, a service for both; `python -m weighbridge` is its command line."""

from importlib.metadata import version

__version__ = version("weighbridge")
