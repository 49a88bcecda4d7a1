"""Actions that can be requested: one list for request files, routes, command line, bots and (by OpenAPI) the page."""

from typing import Literal

BotAction = Literal["pause", "resume", "flatten"]
"""Of a bot, or of all of them."""
RunAction = Literal["speed", "jump", "admit"]
"""Of all bots together: of their clock, or of a symbol that is left out."""
DeskAction = Literal[BotAction, RunAction]
"""Of all bots."""
Action = Literal[BotAction, "clear", RunAction]
"""Of a request file; clear comes with a kill switch that is taken back, which is a file as well."""
SwitchAction = Literal["kill", "clear"]
"""Of a kill switch."""
Exits = Literal["cancel", "keep"]
"""What becomes of the exits that a flatten or kill switch ordered, when it is taken back."""
WITH_EXITS = ("resume", "clear")
"""Actions that take `Exits`."""
