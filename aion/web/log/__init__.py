"""The logs of the processes as the desk writes, follows and searches them.

Lines are found by byte offset in files that only grow; nothing here knows what a page shows.
"""
