"""The durable append-only log: raw frames are acknowledged only after they are in it."""
