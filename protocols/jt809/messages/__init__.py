"""Messages of JT/T 809: one file a group."""
