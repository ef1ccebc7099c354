"""Your own model on vLLM: its server, its figures, its adapters, and batches without a server."""
