"""The pages of the console: signing in, and the keys, the use and the credit of an account."""
