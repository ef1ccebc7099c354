"""Hateful, threatening, sexual and otherwise harmful text."""
