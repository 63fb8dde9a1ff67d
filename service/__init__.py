"""The service: HTTP, stores, clock and environment around the two data packages."""

__version__ = "0.1.0"
