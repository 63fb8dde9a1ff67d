"""Tests of the comparison of usage with bills."""
