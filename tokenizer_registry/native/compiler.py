"""Compile the C library, for this machine or another one, with the compiler that comes as a package (ziglang)."""

import os
import platform
import re
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final

from tokenizer_registry.native.digests import digest, digest_of
from tokenizer_registry.native.instruction_levels import BASELINE, levels_of
from weighbridge_base.files import replace_file

SOURCES: Final = Path(__file__).parent / "source"
# Without optimization while linking, which makes counting a third slower.
FLAGS: Final = ("-std=gnu11", "-O3", "-shared", "-fPIC", "-fvisibility=hidden", "-pthread", "-s")
# What Python has is found when the library is loaded.
MACOS_FLAGS: Final = ("-undefined", "dynamic_lookup")
# The oldest macOS that the library runs on, by the kind of machine.
MACOS_VERSIONS: Final = {"aarch64": "11.0", "x86_64": "10.15"}
MACHINES: Final = {"arm64": "aarch64", "amd64": "x86_64"}


def macos_target(machine: str) -> str:
    """Return the compiler's name for a kind of Mac, as `platform.machine` names it."""
    kind = MACHINES.get(machine.lower(), machine.lower())
    return f"{kind}-macos.{MACOS_VERSIONS[kind]}"


def own_target() -> str | None:
    """Return the compiler's name for this machine; None where it finds out by itself, with the C library in use."""
    return macos_target(platform.machine()) if sys.platform == "darwin" else None


def wheel_platform(of_python: str, machine: str) -> str:
    """Return the platform that a wheel with the library is for. `of_python` is `sysconfig.get_platform()`.

    A Python for macOS may be of two kinds of machine at once, and for another version; the library is of one kind.
    """
    if of_python.startswith("macosx"):
        kind = MACHINES.get(machine.lower(), machine.lower())
        return f"macosx_{MACOS_VERSIONS[kind].replace('.', '_')}_{machine.lower()}"
    return re.sub(r"[-.]", "_", of_python)


def origin() -> str:
    """Return one text for the sources, the compiler and the machine that the library is built from and for."""
    target = own_target()
    levels = levels_of(platform.machine())
    compiler = f"{version('ziglang')} {' '.join(_flags(target))} {target} {sysconfig.get_platform()} {levels}"
    return f"{digest_of(sorted(SOURCES.iterdir()))} {digest(compiler.encode())}"


def compile_library(file: Path, target: str | None = None, further: Sequence[Path] = (), level: str = BASELINE) -> None:
    """Compile it, for this machine or for a target such as `aarch64-linux-gnu`, with `further` sources.

    A wheel or an image may run on another machine than it was built on, so that `level` says which instructions it may
    use. Raise CalledProcessError.
    """
    target = target or own_target()
    sources = map(str, (*sorted(SOURCES.glob("*.c")), *further))
    with tempfile.TemporaryDirectory() as cache:
        new = Path(cache, file.with_suffix(".new").name)
        subprocess.run(  # noqa: S603  our own sources, the pinned compiler
            [sys.executable, "-m", "ziglang", "cc", *_flags(target), f"-mcpu={level}", "-o", str(new), *sources],
            check=True,
            # The rest of the environment says where Python finds the compiler, which isolated builds do not install.
            env={**os.environ, "ZIG_GLOBAL_CACHE_DIR": cache, "ZIG_LOCAL_CACHE_DIR": cache},
        )
        replace_file(file, new.read_bytes(), mode=new.stat().st_mode & 0o777)


def _flags(target: str | None) -> tuple[str, ...]:
    if target is None:
        return FLAGS
    return (*FLAGS, *(MACOS_FLAGS if "macos" in target else ()), "-target", target)
