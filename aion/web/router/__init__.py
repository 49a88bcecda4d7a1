"""Routes, one file a page or concern."""
