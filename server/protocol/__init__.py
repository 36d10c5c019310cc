"""The wire contract as msgspec structs, and the codec between them and JSON. Imports nothing of the house."""
