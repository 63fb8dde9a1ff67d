"""Cross-compilation of the C library for other machines."""

import os
import struct
from pathlib import Path

import pytest

from tokenizer_registry.native.compiler import compile_library, macos_target, wheel_platform
from tokenizer_registry.native.library import _SIGNATURES

# Each takes ten seconds of a processor.
ALL_INSTALLS = bool(os.environ.get("ALL_INSTALLS"))
in_full = pytest.mark.skipif(not ALL_INSTALLS, reason="ALL_INSTALLS=1 compiles for every machine")
MACH_O, CPU_X86_64, CPU_ARM64, DYLIB = 0xFEEDFACF, 0x01000007, 0x0100000C, 6
ELF, AARCH64, SHARED = b"\x7fELF\x02\x01", 183, 3


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("libraries")


def compiled(folder: Path, target: str) -> bytes:
    """Return the library for a kind of machine, which has every function that Python calls."""
    file = folder / target
    compile_library(file, target)
    content = file.read_bytes()
    assert [name for name in _SIGNATURES if name.encode() + b"\0" not in content] == []
    return content


@in_full
def test_for_linux_on_arm64(build: Path) -> None:
    """The result is a shared object for 64-bit ARM."""
    content = compiled(build, "aarch64-linux-gnu")
    assert content.startswith(ELF)
    assert struct.unpack_from("<2H", content, 16) == (SHARED, AARCH64)


@in_full
@pytest.mark.parametrize(("machine", "cpu"), [("arm64", CPU_ARM64), ("x86_64", CPU_X86_64)])
def test_for_macos(build: Path, machine: str, cpu: int) -> None:
    """The result is a dynamic library for each kind of Mac, whose calls into Python are resolved when it is loaded."""
    content = compiled(build, macos_target(machine))
    magic, kind, _, filetype = struct.unpack_from("<4I", content)
    assert (magic, kind, filetype) == (MACH_O, cpu, DYLIB)


@pytest.mark.parametrize(
    ("of_python", "machine", "expected"),
    [
        ("linux-x86_64", "x86_64", "linux_x86_64"),
        ("linux-aarch64", "aarch64", "linux_aarch64"),
        ("macosx-14.2-arm64", "arm64", "macosx_11_0_arm64"),
        ("macosx-10.9-universal2", "arm64", "macosx_11_0_arm64"),
        ("macosx-10.9-universal2", "x86_64", "macosx_10_15_x86_64"),
    ],
)
def test_a_wheel_is_for_the_machine_of_its_library(of_python: str, machine: str, expected: str) -> None:
    """The wheel's tag names one machine, even if the Python is built for two."""
    assert wheel_platform(of_python, machine) == expected
