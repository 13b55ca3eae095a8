"""Position-sensitive axial attention."""
