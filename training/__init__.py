"""Where the weights of the guards' classifiers come from: `python -m training.injection`, `… training.toxicity`."""
