"""Models of ours as chat models of LangChain."""
