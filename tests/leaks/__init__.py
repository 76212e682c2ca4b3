"""The key leaves by one way only. See hostile.md section 4 for the method."""
