"""What a network costs, from its graph alone: layers, memory, receptive fields, latency, conventions."""
