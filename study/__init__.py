"""A user study in a browser: two photos, which one is better? Plans, pages, votes, statistics."""
