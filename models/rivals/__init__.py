"""Networks that the method is compared with."""
