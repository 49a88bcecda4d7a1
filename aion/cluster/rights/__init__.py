"""Rights of a cluster: its authorities, certificates, accounts and server configuration, kept in one folder.

It writes files and connects to nothing.
"""
