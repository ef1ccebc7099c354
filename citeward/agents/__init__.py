"""Agents: what agents/*.yaml may say, and the parts put together from it."""
