"""Loss landscapes as figures and as a section of a report."""
