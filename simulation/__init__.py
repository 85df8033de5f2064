"""A virtual phone and a virtual DSLR that take photos of the same scene.

Read in this order: `cameras` (parameters), `geometry` (where a camera looks), `development` (from
light to JPEG), `shooting` (pictures and pairs of patches). The commands are `simulate_patches` (a
data set), `simulate_photos` (a shoot for `python -m align`) and `measure` (a phone against its
DSLR, with the help of the modules `measured_...`).

`faults` draws and applies the faults of photos of any phone, without a model of a camera.
"""
