"""The user study: which of two photos is better?

Read in this order: `design` (the study), `class_photos` and `prepare` (make it), `plan` (questions
of a participant), `visit`, `store`, `tokens`, `app`, `hardening` and `serve` (collect votes),
`votes`, `shares`, `bradley_terry`, `agreement`, `claims` and `analysis` (compute the results),
`row_plots`, `results_charts`, `results_page` and `report_votes` (show the results).
`simulate_votes` runs all stages with known scores.
"""
