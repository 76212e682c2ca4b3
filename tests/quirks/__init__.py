"""What providers are known to answer, and what validate must say of it."""
