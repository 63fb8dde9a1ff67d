"""Tests of the readers of request shapes."""
