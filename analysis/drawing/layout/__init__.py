"""Layout: a diagram becomes shapes with places.

Every block becomes a part with a size, and a diagram a part made of those of its blocks: `stack.py` puts one
under the other what a single line joins, `layered.py` the rest in layers with lines between them.
"""
