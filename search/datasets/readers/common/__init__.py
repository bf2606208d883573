"""What several readers need: arrays by part, targets, folders by class, images, sounds, pickles of arrays."""
