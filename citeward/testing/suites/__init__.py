"""One conformance suite per contract: what every implementation of it must pass."""
