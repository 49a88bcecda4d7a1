"""The kinds of servers that the stream runs on."""

KINDS = ["upgraded", "alone", "httptools", "h11", "hypercorn"]  # from the third on plain ASGI: the portable path
