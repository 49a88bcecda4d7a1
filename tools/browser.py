"""Find the browsers of the tests, or install Debian's where that is possible; prints a path.

Chromium: `AION_CHROMIUM`, a Chromium or Chrome on the PATH, Playwright's own. By the argument `headless`: its
headless shell, Chromium without windows, which takes less of the processor, where it is on the PATH; `--shell` too
installs it beside a Chromium. Firefox, by the argument `firefox`: `AION_FIREFOX`, one on the PATH.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

if __package__:
    from tools import package
else:
    import package

CHROMIUM, HEADLESS, FIREFOX = "chromium", "headless", "firefox"
SHELL = "--shell"
NAMES = {
    HEADLESS: ("chromium-headless-shell", "chrome-headless-shell", "headless_shell"),
    CHROMIUM: ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"),
    FIREFOX: ("firefox-esr", "firefox"),
}
PACKAGES = {
    CHROMIUM: ("chromium",),
    HEADLESS: ("chromium", "chromium-headless-shell"),  # the shell cannot do all that Chromium can
    FIREFOX: ("firefox-esr",),
}
MAC = {
    CHROMIUM: "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    FIREFOX: "/Applications/Firefox.app/Contents/MacOS/firefox",
}
NEEDED = {CHROMIUM: "Chromium", HEADLESS: "Chromium", FIREFOX: "Firefox"}
VARIABLES = {CHROMIUM: "AION_CHROMIUM", HEADLESS: "AION_CHROMIUM", FIREFOX: "AION_FIREFOX"}


def find_browser(kind: str = CHROMIUM) -> str | None:
    """Return the path of a browser, or None."""
    named = os.environ.get(VARIABLES[kind])
    if named:
        return named if Path(named).is_file() else None
    for name in NAMES[kind]:
        found = shutil.which(name)
        if found:
            return found
    if kind == HEADLESS:
        return find_browser(CHROMIUM)
    if Path(MAC[kind]).is_file():
        return MAC[kind]
    if kind == FIREFOX:
        return None  # Playwright's speaks its driver's language only
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - slow, and only the last resort

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).is_file() else None


def install(kind: str = CHROMIUM) -> None:
    """Install Debian's browser when this is Debian and we may; Playwright's Chromium where that brings none."""
    for name in PACKAGES[kind]:
        package.install(name)
    if kind != FIREFOX and find_browser(CHROMIUM) is None:
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)


def lacks_shell() -> bool:
    """Return whether no headless shell is there, and nobody has named another browser."""
    return VARIABLES[HEADLESS] not in os.environ and not any(map(shutil.which, NAMES[HEADLESS]))


def main(*words: str) -> int:
    """Find or install the browser that the first of `words` names, Chromium without one."""
    names = [word for word in words if word != SHELL]
    kind = names[0] if names else CHROMIUM
    if kind not in NAMES:
        sys.stderr.write(f"aion: there are no tests for the browser `{kind}`: {', '.join(NAMES)} are known\n")
        return 2
    whole = FIREFOX if kind == FIREFOX else CHROMIUM
    if find_browser(whole) is None or (SHELL in words and lacks_shell()):
        install(kind)
    found = find_browser(whole) and find_browser(kind)
    if found is None:
        sys.stderr.write(
            f"aion: the browser tests need {NEEDED[kind]} and none is found: install the package "
            f"`{PACKAGES[kind][0]}`, or set {VARIABLES[kind]} to its path\n"
        )
        return 1
    print(f"aion: browser {found}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
