"""Texts of gigabytes that use memory only where they are read: ASCII of NUL characters."""

import ctypes

MAX_ASCII = 127

_new = ctypes.pythonapi.PyUnicode_New
_new.restype = ctypes.py_object
_new.argtypes = (ctypes.c_ssize_t, ctypes.c_uint32)


def lazy_text(characters: int) -> str:
    """Return a text that uses only address space: its pages are zero, and become memory when they are read."""
    text: str = _new(characters, MAX_ASCII)
    return text
