"""Figures, taken from real servers and a real browser: `scripts/bench <what>`. They are kept in docs/performance.md.

client      what a page costs: while an answer grows, after a hundred of them, and until it can be used first
"""
