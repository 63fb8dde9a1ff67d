"""What has to be built before the files of a wheel are gathered: the C library and the packed vocabularies."""

import subprocess
import sys
import sysconfig
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class NativeBuild(BuildHookInterface[Any]):
    """Builds them, and names the machine that the wheel is for; a checkout builds its own (`make native`)."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called before the wheel is put together."""
        if version == "editable":
            return
        subprocess.run([sys.executable, "-m", "tokenizer_registry.native.build"], cwd=self.root, check=True)
        machine = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{machine}"
