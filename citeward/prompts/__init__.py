"""Prompts as YAML: templates with a name, a version and declared variables."""
