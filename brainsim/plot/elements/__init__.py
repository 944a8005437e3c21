"""What pictures are made of: colours, groups of cells, marks, axes."""
