"""The evaluation of methods on held-out pairs.

Read in this order: `methods.py` finds the methods, `score_method.py` computes their metrics and
`cost.py` their cost, `summary.py` summarizes, and `report.py` makes the page for a browser.
"""
