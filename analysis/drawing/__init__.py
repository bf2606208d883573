"""Architecture figures as a paper would have them: network -> geometry -> SVG, PDF, PNG."""
