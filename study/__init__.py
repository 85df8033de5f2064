"""The user study: which of two photos is better?

Read in this order: `design` (the study), `class_photos` and `prepare` (make it), `plan` (questions
of a participant), `journal`, `tables`, `sqlite_file`, `store`, `visit` and `tokens` (keep votes),
`app`, `hardening`, `failures`, `connections`, `server_log`, `server`, `stop_signals` and `serve`
(collect votes), `votes`, `shares`, `bradley_terry`, `agreement`, `claims` and `analysis` (compute
the results), `row_plots`, `results_charts`, `results_page` and `report_votes` (show the results).
`simulate_votes` runs all stages with known scores.
"""
