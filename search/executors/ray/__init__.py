"""Running a search through Ray Tune: placement, shares of GPUs, clusters that grow and shrink.

Only the driver, the process that starts the search, touches the study: it owns the trials, with their leases
and heartbeats, and writes epochs and results. Actors train; the driver gives them trials and takes their
updates through Tune. Nothing here imports Ray before a search begins.
"""
