"""The browser of the tests of this folder: one, whatever files ask for it."""

from tests.e2e.conftest import browser

__all__ = ["browser"]
