"""Finds out which two photos show the same scene."""
