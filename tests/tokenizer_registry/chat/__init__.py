"""Tests of the counting of whole requests."""
