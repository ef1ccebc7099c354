"""Guards that run elsewhere: a guard model behind a chat endpoint, and a moderation endpoint."""
