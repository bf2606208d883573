"""Running a search through Ray Tune: placement, shares of GPUs, clusters that grow and shrink.

Only the process that starts the search touches the study: it holds the leases, beats their hearts, and writes
epochs and results. What trains are actors, which it tells what to do and hears from through Tune. Nothing
here imports Ray before a search begins.
"""
