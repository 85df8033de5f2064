"""The training step of `models/gan.py` on TensorFlow, on JAX, and on several devices or machines.

`step.py` chooses; `gan_jax.py` and `gan_distributed.py` wrap; `workers.py` agrees among processes.
"""
