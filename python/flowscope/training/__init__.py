"""Trains a flow that Flowscope prepared, with PyTorch: `python -m flowscope.train RUN`."""
