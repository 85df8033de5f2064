"""Finds for each window of the phone's photo the matching window of the DSLR's photo."""
