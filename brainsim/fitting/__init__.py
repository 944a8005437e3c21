"""`bs.fit`: from a recording to the model that made it, and how sure that is."""
