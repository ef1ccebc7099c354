"""The contracts: values, and protocols that outsiders plug in by. Nothing here does any work."""
