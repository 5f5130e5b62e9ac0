"""4. Change the code, and be able to take it back."""
