"""Accounts at brokers and exchanges, whichever program trades on them: read, kept, and never traded on."""
