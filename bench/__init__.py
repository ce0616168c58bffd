"""simkit's own benchmark: budgets as ratios, measured in one run. `python -m bench` prints the table."""
