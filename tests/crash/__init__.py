"""Nothing acknowledged is lost when any part is killed."""
