"""Patch pairs: the DPED folder layout, packed arrays, batches, and simulated cameras."""
