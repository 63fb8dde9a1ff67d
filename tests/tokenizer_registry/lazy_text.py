"""Texts of gigabytes whose memory is not there until they are read: ASCII of NUL characters."""

import ctypes

MAX_ASCII = 127

_new = ctypes.pythonapi.PyUnicode_New
_new.restype = ctypes.py_object
_new.argtypes = (ctypes.c_ssize_t, ctypes.c_uint32)


def lazy_text(characters: int) -> str:
    """A text that takes address space alone: what the system gives for it is zero, and becomes memory when read."""
    text: str = _new(characters, MAX_ASCII)
    return text
