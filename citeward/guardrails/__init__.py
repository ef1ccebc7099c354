"""Checks on what comes in and on what goes out, as one policy table says."""
