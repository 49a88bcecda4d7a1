"""What the desk counts of itself: requests, bytes and waiting, over all its workers."""
