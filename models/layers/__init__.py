"""Keras layers and initializers of the networks: one layer, or a layer and its inverse, a file."""
