"""Requests to bots, written as files: pause, flatten, kill switches and rules, each with its line in the audit.

Bots read those files by themselves: nothing here knows how a bot carries a request out.
"""
