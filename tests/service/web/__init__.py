"""Tests of the pages' parts."""
