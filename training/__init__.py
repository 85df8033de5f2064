"""A training run: `recipes` and `config`, then `networks`, `loop`, `validation` and `recording`.

`backends/` runs the training step on JAX and on several devices or machines.

`universal` trains the network for any phone, with `photo_crops` (samples) and `universal_step`.
"""
