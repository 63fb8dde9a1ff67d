"""Tests of reading texts from sources."""
