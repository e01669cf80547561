"""The rules behind `train.diagnose` and `train.examine`."""
