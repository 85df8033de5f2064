"""Patch pairs on their way to training, and the photos that pairs are made from.

Read in this order: `layout` (files of a data set), `packed` (memory-mapped arrays), `batches`.
`photo_folder`, `shipped_photos` and `unpaired` supply photos without a partner;
`free_photos` gathers photos under free licenses, with the help of `qt_resources`.
"""
