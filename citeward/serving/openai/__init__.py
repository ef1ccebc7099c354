"""OpenAI's chat API, with an agent in the place of a model."""
