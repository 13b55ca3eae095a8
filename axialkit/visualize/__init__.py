"""Pictures of answers and of attention."""
