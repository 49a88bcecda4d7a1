"""Check that the first page and the freshness library stay small: sizes of what is built, as it is sent.

The first page is its HTML, stylesheet, entry and everything the entry imports at once. Of the library counts what a
page that imports it loads at once; chunks that it loads later, when a server sends patches, are named beside it.
"""

import gzip
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from hatch_build import FRONTEND, STATIC, find_node  # noqa: E402

PAGE_BUDGET = 74_400  # bytes, gzip
BROTLI_BUDGET = 66_200  # of the same, as every browser asks for it
LIVE_BUDGET = 8_040
"""Of which 600 for changing an open stream, which spares a page that scrolls its connections, and 110 for one that
begins with the answers, which spares a page of a thousand bots one of two megabytes to read."""


def packed(path: Path) -> int:
    """Return the gzip size of a file, bytes."""
    return len(gzip.compress(path.read_bytes(), 9, mtime=0))


def brotli(path: Path) -> int:
    """Return the size of the Brotli form that was built beside a file, else its own, bytes."""
    built = path.with_name(path.name + ".br")
    return (built if built.is_file() else path).stat().st_size


def first_page() -> dict[Path, tuple[int, int]]:
    """Return gzip and Brotli sizes of all files that the first page loads."""
    html = STATIC / "index.html"
    names = re.findall(r'(?:src|href)="/(assets/[^"]+|theme\.js)"', html.read_text("utf-8"))
    waiting, seen = [STATIC / name for name in names], {html}
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        if path.suffix == ".js":
            inside = path.read_text("utf-8")
            waiting += [path.parent / name for name in re.findall(r'(?:from|import)\s*"\./([^"]+\.js)"', inside)]
    return {path: (packed(path), brotli(path)) for path in seen}


def build_library(folder: Path, entry: str = "index") -> None:
    """Build `live.js` of the freshness library into `folder`, as small as in a page and with React left out.

    Args:
        folder: where to.
        entry: `index` with the React hooks, `core` without.
    """
    node, _ = find_node()
    script = (
        'import { build } from "vite"; await build({ logLevel: "error", configFile: false, publicDir: false, build: '
        f'{{ outDir: "{folder}", lib: {{ entry: "src/live/{entry}.ts", formats: ["es"], fileName: "live" }}, '
        'target: "es2022", minify: true, emptyOutDir: false, rolldownOptions: { external: [/^react/], '
        "output: { minify: true, comments: false } } } });"
    )
    subprocess.run([node, "--input-type=module", "-e", script], cwd=FRONTEND, check=True)


def live(entry: str) -> tuple[int, int]:
    """Return the gzip size of the library alone and of the chunks it loads later, bytes; `entry` as above."""
    with TemporaryDirectory() as folder:
        build_library(Path(folder), entry)
        sizes = {path.name: packed(path) for path in Path(folder).glob("*.js")}
        at_once = sizes.pop("live.js")
        return at_once, sum(sizes.values())


def main() -> int:
    """Print the sizes; exit status 1 over a budget."""
    page = first_page()
    (library, later), (core, _) = live("index"), live("core")
    total, small = (sum(sizes[at] for sizes in page.values()) for at in (0, 1))
    for path, (gzipped, brotlied) in sorted(page.items(), key=lambda each: -each[1][0]):
        print(f"{gzipped:>8} {brotlied:>8}  {path.name}")
    print(f"{total:>8} {small:>8}  first page by gzip and Brotli, budgets {PAGE_BUDGET} and {BROTLI_BUDGET}")
    print(f"{library:>8}  freshness library, budget {LIVE_BUDGET}; {core} of it without the React hooks")
    print(f"{later:>8}  its chunk for patches, loaded with the first one and not counted above")
    return 0 if total <= PAGE_BUDGET and small <= BROTLI_BUDGET and library <= LIVE_BUDGET else 1


if __name__ == "__main__":
    raise SystemExit(main())
