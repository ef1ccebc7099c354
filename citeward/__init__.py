"""Citeward."""
