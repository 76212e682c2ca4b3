"""chatproof against servers that others wrote, on loopback."""
