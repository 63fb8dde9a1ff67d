"""Limits of this process: address space and threads, and errors that mean that one of its resources is used up."""

import ctypes
import errno
import resource
import threading

M_ARENA_MAX = -8
ARENAS = 1
STACK_BYTES = 2 * 1024 * 1024
NUMBERS = (errno.ENOMEM, errno.EMFILE, errno.ENFILE)
# What libraries say, under an exception that is used for other things too.
WORDS = ("can't start new thread", "failed to map segment", "cannot allocate memory")


def spare_address_space() -> None:
    """Where address space is limited, let threads share one heap and have smaller stacks.

    Each thread takes 8 MB for its stack otherwise, and glibc reserves 64 MB more for its heap, used or not.
    """
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY:
        return
    threading.stack_size(STACK_BYTES)
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_ARENA_MAX, ARENAS)


def scarcity_in(error: BaseException | None) -> BaseException | None:
    """Return this error, or the one that it came from, if it is for want of memory, threads or descriptors; or None."""
    while error is not None:
        if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno in NUMBERS):
            return error
        if isinstance(error, RuntimeError | ImportError) and any(words in str(error).lower() for words in WORDS):
            return error
        error = error.__cause__ or error.__context__
    return None
