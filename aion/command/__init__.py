"""The commands of `aion`: what is typed becomes settings, and what comes of it becomes text and an exit status.

The top of the house: nothing imports it.
"""
