"""Readers of the providers' request shapes into the common form."""
