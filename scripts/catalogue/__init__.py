"""Drafting the model catalogue: our own facts on authors, names and vocabularies, and their use."""
