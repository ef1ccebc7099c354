"""What every room needs to know of plain text: sentences and words, by character offsets."""
