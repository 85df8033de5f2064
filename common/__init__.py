"""What every package uses and what depends on no package of ours."""
