"""Commands of `cuntong`, one module each."""
