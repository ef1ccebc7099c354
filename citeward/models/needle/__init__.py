"""Needle 3 decides tool calls for the embedded default: a small model in a worker process of its own."""
