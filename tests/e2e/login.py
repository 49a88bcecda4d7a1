"""Logging in by the form."""

from playwright.sync_api import Page, expect

from .conftest import Up

ADMIN, VIEWER = "a sentence that nobody guesses", "another sentence that nobody guesses"


def log_in(page: Page, up: Up, password: str, path: str = "/bots") -> None:
    page.goto(f"{up.url}{path}")
    expect(page).to_have_url(f"{up.url}/login?next={path}")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(f"{up.url}{path}")
