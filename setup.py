"""Packs `prompts/` and `config.yaml`, which live beside the packages, into the wheel as `baize/_prompts` …

A wheel without the built sidebar is refused.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent


class BuildWithPrompts(build_py):
    """`build_py`, then the files that `baize.prompting.packaged` looks for."""

    def run(self) -> None:
        if (
            not self.editable_mode
            and not (ROOT / "baize" / "sidebar" / "dist" / "baize-sidebar.js").is_file()
        ):
            raise SystemExit("The sidebar is not built: run `make sidebar` first.")
        super().run()
        if self.editable_mode:
            return  # a checkout has them where they are
        inside = Path(self.build_lib) / "baize"
        shutil.copytree(ROOT / "prompts", inside / "_prompts", dirs_exist_ok=True)
        shutil.copyfile(ROOT / "config.yaml", inside / "_config.yaml")


setup(cmdclass={"build_py": BuildWithPrompts})
