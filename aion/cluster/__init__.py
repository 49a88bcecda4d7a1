"""More machines than one: proves that a folder holds what another machine wrote, and carries files between machines.

The desk and the bots know nothing of it; they meet it only on disk.
"""
