"""Tables of text as many programs write them: their lines, columns, numbers and times.

It tells what a table says; whether its bars can be true is decided above.
"""
