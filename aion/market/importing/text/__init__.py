"""Reads tables of text as many programs write them: lines, columns, numbers and times.

It finds out what a table says; whether its bars are plausible is decided by the caller.
"""
