"""Signs that data were made up or tampered with: one check a file. A suspicion is never a violation: people decide."""
