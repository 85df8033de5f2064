"""Enhancing photo files: one photo, and batches of them."""
