"""A virtual phone and a virtual DSLR that take photos of the same scene."""
