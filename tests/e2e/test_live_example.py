"""The page in the README of the browser's library, against the server in docs/embed.md, in Chromium."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import BrowserContext

from .ask import CLIENT
from .conftest import ROOT, free_port, until
from .live_desk import wait

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]  # one test has a dozen dialogs and two restarts


def block(file: str, language: str) -> str:
    found = re.search(rf"```{language}\n(.+?)```", (ROOT / file).read_text(), re.DOTALL)
    assert found, f"{file} has no {language}"
    return found.group(1)


def test_example_of_the_readme_follows_its_files(tmp_path: Path, site: Path, context: BrowserContext) -> None:
    page_text = block("frontend/src/live/README.md", "html")
    script = page_text.split('<script type="module">')[1].split("</script>")[0].strip()
    assert len(script.splitlines()) <= 10
    shutil.copytree(site, tmp_path / "site")
    site = tmp_path / "site"
    (site / "index.html").write_text(page_text)
    mount = (
        'from starlette.staticfiles import StaticFiles\napp.mount("/", StaticFiles(directory="site", html=True))\n'
    )
    (tmp_path / "app.py").write_text(block("docs/embed.md", "python") + mount)
    notes = tmp_path / "data" / "notes"
    notes.mkdir(parents=True)
    (notes / "a.json").write_text(json.dumps({"text": "hello"}))
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "app:app", "--port", str(port), "--log-level", "warning"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip

    def is_up() -> bool:
        try:
            return CLIENT.get(f"http://127.0.0.1:{port}/notes/").status_code == 200
        except httpx.HTTPError:
            return False

    try:
        wait(is_up)
        page = context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"http://127.0.0.1:{port}/")
        until(page, "document.title === 'streaming' && document.body.innerText.includes('hello')")
        (notes / ".b.tmp").write_text(json.dumps({"text": "<b>world</b>"}))
        (notes / ".b.tmp").rename(notes / "b.json")
        until(page, "document.body.innerText.includes('<b>world</b>')")
        until(page, "localStorage.getItem('aion_cache_api:/notes/')?.includes('world')")
        page.route("**/events/**", lambda route: route.abort())
        page.route("**/notes/", lambda route: route.abort())
        page.reload()
        until(page, "document.body.innerText.includes('world') && document.title === 'offline'")
        assert errors == []
    finally:
        server.terminate()
        server.wait(10)
