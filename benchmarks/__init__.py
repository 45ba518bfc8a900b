"""`make bench`: what our commands and our client cost, as ratios to the bare minimum that does the same."""
