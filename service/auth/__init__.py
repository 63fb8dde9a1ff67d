"""Who is calling and what they may do: accounts, API keys, sessions and passwords."""
