"""Answers that can be given again."""
