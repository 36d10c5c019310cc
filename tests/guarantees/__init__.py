"""Promises that only several processes, a database and a Redis together can keep, each with a test of its own.

What one process promises is proven where it lives; `docs/guarantees.md` lists all.
"""
