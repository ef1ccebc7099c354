"""The embedded embedding model: all-MiniLM-L6-v2 on ONNX Runtime, from plain dependencies and without torch."""
