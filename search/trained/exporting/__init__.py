"""A trained network as a bundle: files that compute by themselves, their proof, and a card that says all."""
