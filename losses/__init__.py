"""The loss terms, one a file, as pure functions; `presets.py` names and weighs the terms."""
