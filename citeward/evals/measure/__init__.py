"""One part alone on the user's labelled data: a file a part, each a function from data and subject to a Measurement."""
