"""Keeping a source distribution without building it.

pip asks a source distribution's build backend for metadata before it lets the archive be kept. This module is put
in that backend's place: it answers from the archive's PKG-INFO, and no code of the package runs.
"""

from email.parser import HeaderParser
from pathlib import Path

# The backends that the packages we take name in their pyproject.toml.
BACKENDS = ("scikit_build_core/build.py", "setuptools/build_meta.py")


def prepare_metadata_for_build_wheel(metadata_directory: str, config_settings: object = None) -> str:
    """PEP 517's hook: name and version, in a .dist-info folder of `metadata_directory`."""
    stated = HeaderParser().parsestr(Path("PKG-INFO").read_text(encoding="utf-8"))
    name, version = stated["Name"], stated["Version"]
    folder = Path(metadata_directory, f"{name.replace('-', '_')}-{version}.dist-info")
    folder.mkdir()
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    (folder / "METADATA").write_text(metadata, encoding="utf-8")
    (folder / "WHEEL").write_text("Wheel-Version: 1.0\n", encoding="utf-8")
    return folder.name


def put_in_place_of_backends(folder: Path) -> None:
    """Write this module into `folder` under the backends' names, for a search path that begins there."""
    for backend in BACKENDS:
        path = folder / backend
        path.parent.mkdir(parents=True)
        (path.parent / "__init__.py").touch()
        path.write_bytes(Path(__file__).read_bytes())
