"""Benchmarks, run by `make bench`. None of them is a test, and every figure in the docs is written by them."""
