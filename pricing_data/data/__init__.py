"""The data files of the price book: the book itself, and the curated files that a refresh reads."""

from pathlib import Path

DATA = Path(__file__).parent
