"""Readers of the formats: from pieces of sources to batches of texts."""
