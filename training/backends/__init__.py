"""The GAN step of `models/gan.py` on JAX and on several devices or machines."""
