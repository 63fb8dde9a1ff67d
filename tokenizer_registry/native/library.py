"""The C library, reached through ctypes and Python's stable ABI: no part of it depends on the version of Python."""

import ctypes
import platform
from functools import cache
from pathlib import Path
from typing import Final

from tokenizer_registry.native.instruction_levels import BASELINE, levels_of, usable_level
from tokenizer_registry.processors import usable_processors

FOLDER: Final = Path(__file__).parent
# Vocabularies that one counter set holds.
SLOTS: Final = 64
# The result of a count whose text is too long. Out of memory is another negative number.
TEXT_TOO_LONG: Final = -2

_SIGNATURES: Final = {
    "weighbridge_counter_set": (ctypes.c_void_p, [ctypes.c_void_p]),
    "weighbridge_add": (
        ctypes.c_int,
        [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p, ctypes.c_uint64, ctypes.c_int],
    ),
    "weighbridge_own_set": (ctypes.py_object, [ctypes.c_void_p]),
    "weighbridge_own_file": (ctypes.py_object, [ctypes.c_void_p, ctypes.c_uint64]),
    "weighbridge_count": (
        ctypes.c_int64,
        [
            *[ctypes.c_void_p, ctypes.c_char_p],
            *[ctypes.c_uint64] * 3,
            *[ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p],
        ],
    ),
    "weighbridge_count_column": (
        ctypes.c_uint64,
        [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint64, ctypes.c_void_p, ctypes.c_void_p],
    ),
    "weighbridge_count_one": (ctypes.py_object, [ctypes.c_void_p, ctypes.c_uint32]),
    "weighbridge_count_each": (ctypes.py_object, [ctypes.c_void_p, ctypes.c_uint64]),
    "weighbridge_unresolved_words": (None, [ctypes.c_void_p, ctypes.c_void_p]),
    "weighbridge_learn": (None, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]),
    "weighbridge_free_unresolved": (None, [ctypes.c_void_p]),
    "weighbridge_allow_calls": (None, [ctypes.c_uint32]),
    "weighbridge_fill_strings": (
        None,
        [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_uint32],
    ),
    "weighbridge_fill_trie": (
        ctypes.c_uint32,
        [ctypes.c_void_p, ctypes.c_uint32, *[ctypes.c_char_p] * 3, ctypes.c_uint32],
    ),
    "weighbridge_find_pairs": (ctypes.c_uint32, [ctypes.c_char_p, ctypes.c_uint64, ctypes.c_void_p]),
    "weighbridge_fill_pairs": (
        ctypes.c_int,
        [ctypes.c_char_p, ctypes.c_uint32, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p],
    ),
    "weighbridge_whole": (
        ctypes.c_int,
        [ctypes.c_char_p, ctypes.c_uint64, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_uint32, ctypes.c_void_p],
    ),
}


def file_for(level: str) -> Path:
    """Return the file of the library for a level of instructions."""
    return FOLDER / ("libweighbridge.so" if level == BASELINE else f"libweighbridge-{level}.so")


def files() -> list[Path]:
    """Return the files of the library for this kind of machine."""
    return list(map(file_for, levels_of(platform.machine())))


@cache
def library(*, frees_gil: bool = True) -> ctypes.CDLL:
    """The library, whose calls free the GIL or hold it. Raises OSError where it was not built for this machine."""
    loaded = (ctypes.CDLL if frees_gil else ctypes.PyDLL)(str(file_for(usable_level())))
    for name, (answer, arguments) in _SIGNATURES.items():
        function = getattr(loaded, name)
        function.restype, function.argtypes = answer, arguments
    # More calls at once than processors would be no faster, and each takes 25 MB for the words and pieces it remembers.
    loaded.weighbridge_allow_calls(usable_processors())
    return loaded
