"""What is done with a trained network: looking into it, exporting it."""
