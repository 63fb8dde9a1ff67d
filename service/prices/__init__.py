"""Prices in service: which book is in use, how old it is, and what is told of a price."""
