"""The console as pages: signing in, the keys, the use and the credit of an account."""
