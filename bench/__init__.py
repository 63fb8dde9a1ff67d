"""Measurements: `make bench` prints one table. Nothing here is a test, and no figure is kept by hand."""
