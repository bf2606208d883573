"""Whether scores of untrained networks help a search: the scores, the networks, the searches."""
