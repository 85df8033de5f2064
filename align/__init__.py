"""From two cameras' photos of the same scenes to aligned patches in the DPED folder layout."""
