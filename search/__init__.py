"""Who tries what, where: jobs, studies, samplers, workers, training, data."""
