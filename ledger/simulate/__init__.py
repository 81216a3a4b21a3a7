"""An imagined district through the real importers and use cases: for demonstrations, training and load."""
