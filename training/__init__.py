"""A training run: `recipes` and `config`, then `networks`, `loop`, `validation` and `recording`.

`backends/` runs the training step on JAX and on several devices or machines.
"""
