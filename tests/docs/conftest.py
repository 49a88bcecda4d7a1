"""One running desk (`aion up`) for all documents."""

from tests.e2e.conftest import desk

__all__ = ["desk"]
