"""The training step of `models/gan.py` on TensorFlow, on JAX, and on several devices or machines.

`step.py` selects the backend. `gan_jax.py` and `gan_distributed.py` run the step.
`workers.py` synchronizes the processes.
"""
