"""From a trained `.keras` generator to a `.tflite` file that a phone runs."""
