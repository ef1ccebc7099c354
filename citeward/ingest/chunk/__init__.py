"""Cuts documents into passages whose offsets are exact: ``document.text[chunk.start:chunk.end] == chunk.text``."""

from citeward.ingest.chunk.chunker import MARKDOWN, Chunker

__all__ = ["MARKDOWN", "Chunker"]
