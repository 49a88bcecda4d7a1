"""Measures Aion beside its peers and beside what the kernel allows: `python -m bench`, see `docs/bench.md`."""
