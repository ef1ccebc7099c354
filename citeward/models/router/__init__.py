"""Which model answers which question."""
