"""Puts the best of the passages that search found first."""
