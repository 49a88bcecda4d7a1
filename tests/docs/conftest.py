"""One running desk (`aion up`) for all documents."""

from tests.e2e.conftest import begin, desk

__all__ = ["begin", "desk"]
