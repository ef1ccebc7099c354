"""Text that tries to command the model."""
