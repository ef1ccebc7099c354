"""Names, places and what else of a person no pattern alone can tell: a language model's guess, and rules around it."""
