"""The state graphs, each built by a function from services to an uncompiled `StateGraph`."""
