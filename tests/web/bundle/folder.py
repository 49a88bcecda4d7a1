"""A folder of state files and the bundle of it."""

from pathlib import Path
from typing import Any

import orjson

from aion.live.disk.source import Tree, scan
from aion.web.bundle.document import BotsPageBundle, IntradaySnapshot
from aion.web.bundle.pages import Page, bots_bundle
from aion.web.bundle.topic import TreeFiles, accepts, load_file
from tests.web.sample import Writer


class Folder:
    """A data folder and the tree that the live library would keep of it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write = Writer(root)
        self.tree: Tree[Any] = Tree(root, load_file)

    def files(self) -> TreeFiles:
        found = scan(self.root, ("intraday", "swing"), accepts)
        self.tree.update(found, set(self.tree.names()) - found.keys())
        return TreeFiles(self.tree)

    def build(self, page: Page, **options: Any) -> dict[str, Any]:
        loaded: dict[str, Any] = orjson.loads(orjson.dumps(bots_bundle(page.read(self.files(), **options))))
        return loaded


def assert_is(model: type[BotsPageBundle] | type[IntradaySnapshot], payload: dict[str, Any]) -> None:
    """Assert that `payload` is of the model and holds nothing that the model does not know."""
    checked = model.model_validate_json(orjson.dumps({"version": 1, **payload}), strict=False)
    _assert_known(payload, checked.model_dump(mode="json", by_alias=True), "bundle")


def _assert_known(payload: Any, known: Any, where: str) -> None:
    if isinstance(payload, dict):
        assert isinstance(known, dict), where
        for key, value in payload.items():
            assert key in known, f"{where}.{key} is unknown to the model"
            _assert_known(value, known[key], f"{where}.{key}")
    else:
        assert payload is not None, f"{where} is null"
