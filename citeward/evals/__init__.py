"""Measuring and judging: intervals, data files, one measurement a part, and the golden suite's runner."""
