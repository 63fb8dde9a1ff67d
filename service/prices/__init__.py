"""Prices in service: which book is in use, how old it is, and how a price is explained."""
