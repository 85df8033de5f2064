"""A training run: its configuration, networks, validation and records."""
