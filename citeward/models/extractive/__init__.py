"""The embedded default's answers: the sentences of the passages that answer best, word for word."""
