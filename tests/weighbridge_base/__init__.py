"""Tests of the helpers that every package uses."""
