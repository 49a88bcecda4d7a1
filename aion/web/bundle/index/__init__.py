"""The index of all bots and the card of each: topics whose changes cost what changed."""
