"""The HTTP server: agents over LangServe's routes, and what operations ask for."""
