"""Enhancing whole photos with a trained network: photo files, tiling, engines."""
