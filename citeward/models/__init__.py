"""Models: what writes answers and decides tool calls."""
