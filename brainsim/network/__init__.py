"""The description of a network: populations and views, projections, inputs and traces."""
