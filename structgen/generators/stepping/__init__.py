"""Webs drawn node by node from the autoregressive network: what `growing` and `surroundings` tell of all places at once
is told here of one place after the other, by compiled loops, as each drawn node needs it of the last alone."""
