"""Names of the tensors that a network takes and returns in a model file."""

IMAGE = "image"  # RGB (1, H, W, 3), [0, 1]
THUMBNAIL = "thumbnail"  # the whole photo made small, RGB (1, size, size, 3), [0, 1]
ENHANCED = "enhanced"  # RGB (1, H, W, 3), [0, 1]
