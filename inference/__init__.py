"""Enhancing whole photos with a trained network: tiling, engines."""
