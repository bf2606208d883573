"""The dashboard: a live page of a study, served from this machine and updated while trials run."""
