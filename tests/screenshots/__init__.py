"""Every page and state of the client, as a list of scenes. `scripts/screenshots` takes their pictures, and the tests of
accessibility walk through the same ones.

A new state is one short function in `scenes/`: it brings a page there, and the rest is done for it.
"""
