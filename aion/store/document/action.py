"""Actions that can be requested: one list for request files, routes, command line, bots and (by OpenAPI) the page."""

from typing import Literal

BotAction = Literal["pause", "resume", "flatten"]
"""Of a bot, or of all of them."""
RunAction = Literal["speed", "jump", "admit"]
"""Of all bots together: of their clock, or of a symbol that is left out."""
AttachedAction = Literal["stop", "reload", "force_exit", "cancel_order", "delete_lock"]
"""Of a bot of another program that offers it in its `actions`; the last three take a symbol, an order's key, a lock's
key as their value, and `force_exit` without one means all positions."""
DeskAction = Literal[BotAction, RunAction]
"""Of all bots."""
Action = Literal[BotAction, "clear", RunAction, AttachedAction]
"""Of a request file; clear comes with a kill switch that is taken back, which is a file as well."""
SwitchAction = Literal["kill", "clear"]
"""Of a kill switch."""
Exits = Literal["cancel", "keep"]
"""What becomes of the exits that a flatten or kill switch ordered, when it is taken back."""
WITH_EXITS = ("resume", "clear")
"""Actions that take `Exits`."""
WITH_KEY = ("force_exit", "cancel_order", "delete_lock")
"""Actions that take the key of a position, an order or a lock."""
