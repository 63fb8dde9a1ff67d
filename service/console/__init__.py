"""The console's API: people log in with e-mail and password, and manage the keys of their account.

users.py       who they are, and what is asked of the store that keeps them
passwords.py   argon2 hashes
turns.py       few logins of one address at a time
sessions.py    short-lived signed tokens; open_sessions.py: those that may be used
attempts.py    how often a login may be tried
login.py       POST and DELETE /api/console/session
account_keys.py  the limits of an account's keys, and what is asked of their store
keys.py        POST, GET and DELETE /api/gateway/keys
endpoint.py    a route that needs a session
"""
