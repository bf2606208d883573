"""Training by the user's own function, in place of a recipe: its settings, its context, and its call."""
