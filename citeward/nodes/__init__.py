"""The nodes of the chat graph, one file each; `graphs` puts them together."""
