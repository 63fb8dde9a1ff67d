"""Encode a Parquet file in gigatoken's own file mode: `python -m bench.gigatoken_corpus NAME VOCABULARY PARQUET`.

A script of its own, for the environment of that library. NAME is what it calls the pre-tokenizer, VOCABULARY the
unpacked vocabulary. The output is JSON: seconds, and the number of tokens.
"""

import json
import sys
import time
from importlib import import_module

from bench.one_tokenizer import gigatoken


def measured(name: str, vocabulary: str, parquet: str) -> tuple[float, int]:
    """Return the seconds from the file to all of its tokens, and their number; the vocabulary is loaded before."""
    tokenizer = gigatoken(name, vocabulary)
    source = import_module("gigatoken").ParquetFileSource([parquet])
    began = time.perf_counter()
    encoded = tokenizer.encode_files(source)
    seconds = time.perf_counter() - began
    return seconds, int(import_module("awkward").count(encoded))


if __name__ == "__main__":
    json.dump(measured(*sys.argv[1:4]), sys.stdout)
