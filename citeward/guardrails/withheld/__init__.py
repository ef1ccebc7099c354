"""What must never be said: secrets, and the system prompt."""
