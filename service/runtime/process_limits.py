"""Limits of this process: address space and threads, and errors that mean that one of its resources is used up."""

import ctypes
import errno
import resource
import threading

M_ARENA_MAX = -8
ARENAS = 1
STACK_BYTES = 2 * 1024 * 1024
NUMBERS = (errno.ENOMEM, errno.EMFILE, errno.ENFILE)
# Messages of libraries that raise a general exception for it.
WORDS = ("can't start new thread", "failed to map segment", "cannot allocate memory")


def spare_address_space() -> None:
    """If the address space is limited (`ulimit -v`), let threads share one heap and have smaller stacks.

    By default each thread takes 8 MB for its stack, and glibc reserves 64 MB more for its heap.
    """
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY:
        return
    threading.stack_size(STACK_BYTES)
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_ARENA_MAX, ARENAS)


def scarcity_in(error: BaseException | None) -> BaseException | None:
    """Return the error in the chain that means that memory, threads or descriptors are used up, or None."""
    while error is not None:
        if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno in NUMBERS):
            return error
        if isinstance(error, RuntimeError | ImportError) and any(words in str(error).lower() for words in WORDS):
            return error
        error = error.__cause__ or error.__context__
    return None
