"""From street scenes on disk to training targets."""
