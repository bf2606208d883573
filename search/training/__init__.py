"""Training one network on one data set, with torch alone."""
