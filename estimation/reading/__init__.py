"""Pieces of sources to batches of texts."""
