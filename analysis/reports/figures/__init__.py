"""Figures: described once (`description`), rendered for a page (`plotly_spec`) and for a paper (`paper`)."""
