"""Whole trainings by name: `python train.py --recipe NAME`.

A recipe is a dict of plain values. Each key is a flag of `train.py`, and a flag on the command
line overrides the recipe. A new recipe is one entry of `RECIPES`. docs/method.md compares the
thesis, the paper, the released code and these recipes.
"""

# The thesis' slides. `# silent` marks what the slides do not state: there the value is the paper's
# (ICCV section 4.2) or, where the paper is silent too, the released code's.
THESIS = {
    "model": "dped",
    "preset": "thesis",  # terms, weights, norm and discriminator of the slides
    "content_layer": "block5_conv4",  # silent; relu5_4
    "content_features": "raw",
    "initial_weights": "released",  # silent
    "channels": None,  # the network's published width
    "blocks": None,  # the network's published depth
    "discriminator_width": 1.0,
    "discriminator_batch": "same",  # silent; a shared pass equals two passes over one batch
    "label_smoothing": 0.0,
    "steps": 20_000,  # silent
    "batch_size": 50,  # silent
    "learning_rate": 5e-4,  # silent
    "discriminator_learning_rate": 5e-4,  # silent
    "schedule": "constant",  # silent
    "adam_epsilon": 1e-8,  # silent
    "augment": "none",  # silent
    "ema_decay": 0.0,
    "start_from": None,
    "look_steps": 0,
    "light": "learn",
    "flat": "free",
    "mosaics": 0.0,
    "rehearsed": 0.0,
    "patience": 0,
    "choose": "psnr",
}

# The authors' released code.
ICCV = {
    "model": "dped",
    "preset": "iccv",  # terms, weights, norm and discriminator of the released code
    "content_layer": "block5_conv4",  # relu5_4
    "content_features": "raw",
    "initial_weights": "released",  # truncated normal of 0.01, biases 0.01
    "channels": None,  # 64
    "blocks": None,  # 4
    "discriminator_width": 1.0,
    "discriminator_batch": "other",  # enhanced or DSLR at random, after the generator's update
    "label_smoothing": 0.0,
    "steps": 20_000,
    "batch_size": 50,
    "learning_rate": 5e-4,
    "discriminator_learning_rate": 5e-4,
    "schedule": "constant",
    "adam_epsilon": 1e-8,  # TensorFlow 1's default
    "augment": "none",
    "ema_decay": 0.0,
    "start_from": None,
    "look_steps": 0,
    "light": "learn",
    "flat": "free",
    "mosaics": 0.0,
    "rehearsed": 0.0,
    "patience": 0,
    "choose": "psnr",
}

# The objective of the thesis with what trains best.
STABLE = {
    **THESIS,
    # The network starts as a copy of its input, so it has to learn the difference only.
    "initial_weights": "near_identity",
    # VGG's features are of another size at every layer; relative ones let one weight suit all.
    "content_features": "relative",
    # A discriminator that is sure of itself gives no gradient: soft labels bound its logits,
    "label_smoothing": 0.2,
    # and a lower rate keeps it from running ahead of the generator.
    "discriminator_learning_rate": 1e-4,
    # Flips and rotations make eight pairs of one.
    "augment": "symmetries",
    # A GAN's last weights swing from step to step; their mean does not.
    "ema_decay": 0.999,
    "adam_epsilon": 1e-7,  # Keras' default
}

# Few pairs and minutes on two cores: the network for any phone becomes one for this phone.
QUICK = {
    **STABLE,
    "model": "adaptive",
    "preset": "distortion",
    "start_from": "universal",
    # First the light alone: a few numbers, for which three scenes are enough.
    "look_steps": 200,
    # Half of the batches look like photos, because the network decides by the whole photo.
    "mosaics": 0.5,
    # A quarter of each batch has colors that the pairs lack, and keeps them as they are.
    "rehearsed": 0.25,
    "batch_size": 16,
    "steps": 500,
    "learning_rate": 1e-3,
    "schedule": "cosine",
    "ema_decay": 0.995,
    "patience": 5,
}

# The DSLR's detail in the light that the network for any phone decides. So the network does not
# learn the light of the place where the pairs were shot.
DETAIL = {
    **QUICK,
    "preset": "fidelity",
    "light": "keep",
    "look_steps": 0,
    "mosaics": 0.25,
    "rehearsed": 0.12,
    "steps": 1000,
    "ema_decay": 0.998,
    "patience": 0,
}

# Then the DSLR's texture: color, texture and content of the thesis, the shift loss, and a
# discriminator of half width.
TEXTURE = {
    **DETAIL,
    "preset": "grain",
    "flat": "keep",  # a pattern on a plain wall can please the discriminator
    "content_layer": "block3_conv4",
    "discriminator_width": 0.5,
    "batch_size": 4,
    "steps": 800,
    "rehearsed": 0.1,
    "learning_rate": 3e-4,
    "ema_decay": 0.98,
    # PSNR falls while texture grows, so PSNR would choose the network with the least texture.
    "choose": "last",
}

# `models.networks.NETWORKS` names the recipe of a training that names none: stable for dped.
RECIPES = {
    "stable": STABLE,
    "thesis": THESIS,
    "iccv": ICCV,
    # The best scores on few pairs: no VGG, no discriminator, a quarter of the time of a step.
    "fidelity": {**STABLE, "preset": "fidelity"},
    "quick": QUICK,
    "detail": DETAIL,
    "texture": TEXTURE,
    # The network for phones. It is too small for texture; PSNR is what it lacks first.
    "mobile": {**STABLE, "model": "mobile", "preset": "distortion"},
    # The rivals, each with the objective of its paper.
    "srcnn": {**STABLE, "model": "srcnn", "preset": "mse"},
    "johnson": {**STABLE, "model": "johnson", "preset": "content"},
}
