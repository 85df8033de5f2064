"""Eight-bit weights and eight-bit arithmetic."""
