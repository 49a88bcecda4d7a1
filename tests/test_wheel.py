"""The wheel holds the pages and the bars, and serves both where there is no Node."""

import ast
import json
import re
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import httpx
import pytest

import hatch_compile

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT, check=True, capture_output=True, timeout=100,
    )  # fmt: skip
    [built] = folder.glob("aion-*.whl")
    return built


def test_wheel_holds_pages_bars_and_types_but_no_tests(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        sizes = {each.filename: each.file_size for each in archive.infolist()}
        page = archive.read("aion/web/static/index.html").decode()
        index = json.loads(archive.read("aion/market/feed/recorded/index.json"))
    assets = {f"aion/web/static{path}" for path in re.findall(r'(?:src|href)="(/[^"]+)"', page)}
    assert len(assets) >= 3 and assets <= names
    texts = {name for name in names if re.fullmatch(r"aion/web/static/.*\.(js|css|html)", name)}
    big = {name for name in texts if sizes[name] >= 1000}
    assert len(big) >= 5 and {f"{name}{suffix}" for name in big for suffix in (".br", ".gz")} <= names
    assert {f"aion/market/feed/recorded/{each['file']}" for each in index["series"].values()} <= names
    assert "aion/py.typed" in names
    assert not [name for name in names if name.startswith(("tests/", "frontend/")) or ".test." in name]


def test_installed_wheel_serves_pages_without_node(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    empty = tmp_path / "bin"
    empty.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "aion", "serve", "--data", str(tmp_path / "data"), "--port", "0"],
        cwd=tmp_path, env={"PATH": str(empty), "PYTHONPATH": str(site)}, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        address = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert address is not None, line + process.stdout.read()
        with httpx.Client(base_url=address[0], trust_env=False, timeout=60) as client:
            until = time.monotonic() + 60
            while not client.get("/readyz").is_success and time.monotonic() < until:
                time.sleep(0.05)
            page = client.get("/bots")
            assert page.status_code == 200 and "<title>Aion</title>" in page.text
            for path in re.findall(r'(?:src|href)="(/[^"]+)"', page.text):
                for coding in ("identity", "gzip"):
                    sent = client.get(path, headers={"accept-encoding": coding})
                    assert sent.status_code == 200, path
                    assert (
                        path.endswith((".svg", ".png")) or sent.headers.get("content-encoding", "identity") == coding
                    ), path
            assert client.get("/api/bots/page").json()["intraday"]["bots"] == {}
    finally:
        process.terminate()
        process.communicate(timeout=60)


def test_compiled_modules_are_there_and_no_class_outside_derives_from_theirs() -> None:
    assert len(hatch_compile.MODULES) >= 20
    compiled = {ROOT / name for name in hatch_compile.MODULES}
    native, outside = set[str](), set[str]()
    for path in {*compiled, *(ROOT / "aion").rglob("*.py")}:
        for each in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(each, ast.ClassDef) and path in compiled:
                native.add(each.name)
            elif isinstance(each, ast.ClassDef):
                outside.update(ast.unparse(base).rpartition(".")[2] for base in each.bases)
    assert len(native) >= 20
    assert not native & outside


def test_compiling_without_a_compiler_says_what_is_missing(tmp_path: Path) -> None:
    folder = tmp_path / "made"
    done = subprocess.run(
        [sys.executable, str(ROOT / "hatch_compile.py"), str(folder)],
        env={"CC": "no-such-compiler -O2", "PATH": "/usr/bin"}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == (
        "aion: compiling needs a C compiler, and there is no 'no-such-compiler': install gcc or clang\n"
    )
    assert not folder.exists()
