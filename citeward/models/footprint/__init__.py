"""What a model takes, and what a machine has: memory of weights and KV cache, of the host and of its GPUs."""
