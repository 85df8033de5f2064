"""What every package uses, and what imports no other package of the project."""
