"""The build hook of the wheel.

With PROMISES_COMPILE=1 in the environment, mypyc compiles the hot modules of the core from the same source. Without it,
and in editable installations, nothing is compiled.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

COMPILED: Final = (
    *(f"streams/judging/{name}.py" for name in ("admission", "fold", "history", "policy", "settle")),
    *(
        f"streams/state/{name}.py"
        for name in ("case_codec", "counts", "outputs", "partition", "timers", "watermarks", "windows")
    ),
)
"""The other modules of the core are not hot, or define msgspec types, which mypyc cannot compile."""


class CompiledCore(BuildHookInterface):
    """Adds the compiled modules to the wheel. Python prefers them to the sources beside them."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Return the build requirements of a compiled wheel."""
        return ["mypy>=2.4,<3", "setuptools>=70", "msgspec>=0.22,<1"] if _is_wanted() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile the modules if the environment asks for it."""
        if version == "editable" or not _is_wanted():
            return
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        built = Path(self.root) / "build" / "core"
        _compile(Path(self.root), built)
        for library in built.rglob("*.so"):
            build_data["force_include"][str(library)] = library.relative_to(built).as_posix()


def _is_wanted() -> bool:
    return os.environ.get("PROMISES_COMPILE") == "1"


def _compile(root: Path, into: Path) -> None:
    """Write the extension modules into `into`, in the folders of their sources."""
    from mypyc.build import mypycify
    from setuptools import Distribution
    from setuptools.command.build_ext import build_ext

    os.chdir(root)
    shutil.rmtree(into, ignore_errors=True)  # or modules that were renamed since would stay in the wheel
    extensions = mypycify(list(COMPILED), group_name="promises", target_dir=str(into.parent / "c"))
    command = build_ext(Distribution({"ext_modules": extensions}))
    command.build_lib, command.build_temp = str(into), str(into.parent / "objects")
    command.ensure_finalized()
    command.run()
