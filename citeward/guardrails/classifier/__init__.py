"""Small trained classifiers: linear models over an embedding and the surface of a text, run with numpy alone."""
