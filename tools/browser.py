"""Find a Chromium for the tests, or install Debian's where that is possible; prints its path.

Order: `AION_CHROMIUM`, a Chromium or Chrome on the PATH, Playwright's own.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def find_browser() -> str | None:
    """Return the path of a browser, or None."""
    named = os.environ.get("AION_CHROMIUM")
    if named:
        return named if Path(named).is_file() else None
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return found
    mac = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
    if mac.is_file():
        return str(mac)
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - slow, and only the last resort

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).is_file() else None


def install() -> None:
    """Install Debian's Chromium when this is Debian and we may, else Playwright's."""
    if shutil.which("apt-get") and os.geteuid() == 0:
        print("aion: installing chromium for the browser tests", flush=True)
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (
            ["apt-get", "update", "-q"],
            ["apt-get", "install", "-qy", "--no-install-recommends", "chromium"],
        ):
            subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False)
    else:
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)


def main() -> int:
    """Find or install."""
    if find_browser() is None:
        install()
    found = find_browser()
    if found is None:
        sys.stderr.write(
            "aion: the browser tests need Chromium and none is found: install the package `chromium`, or set "
            "AION_CHROMIUM to its path\n"
        )
        return 1
    print(f"aion: browser {found}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
