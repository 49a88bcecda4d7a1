"""Requests to bots as the bots see them: read from files, carried out, answered by their exact id."""
