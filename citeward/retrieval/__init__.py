"""Finding passages: embedding, stores, fusion, context."""
