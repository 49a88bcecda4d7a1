"""Makes a copy of the sources with compiled modules, for tests and measurements: `python tools/compiled.py FOLDER`.

What is here stays as it is: a compiled module beside its source would be imported in its place, however old.
"""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LISTED = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", ":!frontend", ":!docs/images"]


def make_copy(folder: Path) -> None:
    """Fill `folder`, emptied before, with the sources as they are now and the modules compiled from them.

    Raises:
        CalledProcessError: this is no clone, or a module does not compile.
    """
    shutil.rmtree(folder, ignore_errors=True)
    names = subprocess.run(LISTED, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    for name in names:
        if (ROOT / name).is_file():  # one that was deleted and not committed is listed
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    subprocess.run([sys.executable, str(ROOT / "hatch_compile.py"), str(folder)], check=True)


if __name__ == "__main__":
    make_copy(Path(sys.argv[1]).absolute())
