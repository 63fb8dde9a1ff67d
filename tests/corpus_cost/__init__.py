"""Tests of estimates for whole corpora."""
