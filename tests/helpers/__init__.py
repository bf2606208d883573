"""What tests and benchmarks share: programs they start, measurements they compare with."""
