"""Walks through a space: what can be drawn, counted, sampled within limits, and looked ahead."""
