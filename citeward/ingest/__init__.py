"""Documents on their way into a store: loaded, cut with exact offsets, embedded, kept in step with their files."""
