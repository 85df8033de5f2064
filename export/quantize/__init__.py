"""Files with 8-bit weights, and files with 8-bit arithmetic throughout.

Read in the order of the work: `quantize_file` (the two kinds of file), `convolutions` (finds and
changes weights in a file), `observe` (runs the network on real patches), `round_weights`,
`choose_ranges`, `repair_graph` (mends what the quantizer leaves).
"""
