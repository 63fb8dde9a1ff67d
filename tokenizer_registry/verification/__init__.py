"""Texts and references that show a vocabulary to be the right one, cut in the right way."""
