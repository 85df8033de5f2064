"""The web demo and the server that shows it on this computer."""
