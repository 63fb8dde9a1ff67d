"""What has to be built before the files of a wheel are gathered: the C library and its table of characters."""

import json
import platform
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NATIVE = Path("tokenizer_registry/native")
INDEX = NATIVE / "packed" / "index.json"
CHARACTERS = "characters"
PLATFORM = "import sys; from tokenizer_registry.native import compiler; print(compiler.wheel_platform(*sys.argv[1:]))"


class NativeBuild(BuildHookInterface[Any]):
    """Builds them, and names the machine that the wheel is for; a checkout builds its own (`make native`)."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called before the wheel is put together."""
        if version == "editable":
            return
        subprocess.run([sys.executable, "-m", "tokenizer_registry.native.build", "library"], cwd=self.root, check=True)
        self._folder = tempfile.TemporaryDirectory()
        build_data["force_include"][self._index()] = str(INDEX)
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{self._platform()}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Called when the wheel is there."""
        if version != "editable":
            self._folder.cleanup()

    def _index(self) -> str:
        """The index of a package without packed vocabularies: a checkout may have some."""
        index = json.loads(Path(self.root, INDEX).read_bytes())
        file = Path(self._folder.name, INDEX.name)
        file.write_text(json.dumps({CHARACTERS: index[CHARACTERS]}), encoding="utf-8")
        return str(file)

    def _platform(self) -> str:
        command = [sys.executable, "-c", PLATFORM, sysconfig.get_platform(), platform.machine()]
        return subprocess.run(command, cwd=self.root, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
