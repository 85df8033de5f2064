"""Export of a trained `.keras` network to `.tflite` files for phones and browsers.

Read `to_tflite` (the command), then in the order in which an export uses them: `source_model`,
`precisions`, `runtime_layers`, `convert`, `quantize/`, `exporter`, `parity`, `manifest`. `demos`
copies finished files to the web page and to the Android app.
"""
