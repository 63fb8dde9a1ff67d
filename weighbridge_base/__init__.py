"""Helpers that every package of Weighbridge may use. This package imports none of the others."""
