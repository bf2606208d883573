"""Programs that run what is exported, each with the packages of its format alone."""
