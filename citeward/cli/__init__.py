"""The command line."""

from citeward.cli.main import main

__all__ = ["main"]
