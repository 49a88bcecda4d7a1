"""What the packages of strategies have in common that tests install: five calls are good, the sixth fails."""

BASE = """
import time
from aion.model import Signal

class Base:
    kind = "intraday"
    look_back = 0
    rule = "Does what a test needs."

    def __init__(self, symbols, parameters):
        self.calls = 0

    def on_bars(self, bars, moment):
        self.calls += 1
        if self.calls > 5:
            return self.fail(bars, moment)
        return {s: Signal(s, moment.ts, "hold", 0.0, 0.5, "waits", self.name) for s in bars}

"""
