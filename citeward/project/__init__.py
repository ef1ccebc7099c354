"""A Citeward project: the folders that a team edits, found, read, opened and copied."""
