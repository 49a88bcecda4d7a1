"""The commands of `aion`: options become settings, results become text and an exit status.

The top layer: no other package imports it.
"""
