"""What is inside a trained network, as a page, a section of a report, and figures."""
