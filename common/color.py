"""Weights that turn RGB into one gray channel."""

import numpy as np

LUMA_601 = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, of encoded values; JPEG's
LUMINANCE_709 = np.array([0.2126, 0.7152, 0.0722], np.float32)  # ITU-R BT.709, of linear light
