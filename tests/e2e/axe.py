"""What axe-core finds wrong with a page as it stands: WCAG 2.0 to 2.2, levels A and AA."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

SOURCE = Path(__file__).parents[2] / "frontend/node_modules/axe-core/axe.min.js"
TAGS = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
"""The rules of those levels whose verdict depends on colours."""


def violations(page: Page, within: str = "body", rules: dict[str, Any] = TAGS) -> list[str]:
    """Return each violation below the element `within` as one line: rule, what is asked, the first places."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(SOURCE.read_text("utf-8"))
    # No rule of these levels reads style sheets, which axe would else fetch and parse anew.
    options = {"runOnly": rules, "resultTypes": ["violations"], "preload": {"assets": ["media"]}}
    found: dict[str, Any] = page.evaluate("([within, options]) => axe.run(within, options)", [within, options])
    return [f"{each['id']}: {each['help']}: {_places(each)}" for each in found["violations"]]


def assert_accessible(page: Page, within: str = "body") -> None:
    """Assert that axe finds nothing in the dark theme, nor a wrong colour in the light one: a theme is colours."""
    before = page.evaluate("document.documentElement.dataset.theme ?? ''")
    for theme, rules in (("dark", TAGS), ("light", COLOURS)):
        page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
        found = violations(page, within, rules)
        assert found == [], f"{theme}: " + "\n".join(found)
    page.evaluate(f"document.documentElement.dataset.theme = '{before}'")


def _places(found: dict[str, Any]) -> str:
    nodes = found["nodes"]
    shown = [f"{' '.join(map(str, node['target']))} ({node['html'][:120]})" for node in nodes[:4]]
    more = f" and {len(nodes) - len(shown)} more" if len(nodes) > len(shown) else ""
    return "; ".join(shown) + more
