"""Models behind an endpoint that speaks the OpenAI chat protocol: vLLM, OpenAI's own API, and many others."""
