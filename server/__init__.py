"""Parley: a chat server for language models in which the answer belongs to the server."""

from importlib.metadata import version

__version__ = version("parley-chat")
