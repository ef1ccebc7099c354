"""Citations: markers read from the stream, aligned with the passage, verified against the stored text."""
