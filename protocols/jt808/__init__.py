"""JT/T 808 in the editions of 2011, 2013 and 2019."""
