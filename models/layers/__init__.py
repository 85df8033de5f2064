"""Keras layers and initializers that the networks share."""
