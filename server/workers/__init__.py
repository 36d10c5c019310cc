"""The processes that serve, and which of them are alive."""
