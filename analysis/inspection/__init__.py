"""Inside a trained network: filters, feature maps, preferred inputs, features by class, confusion."""
