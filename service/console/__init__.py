"""The console's API: users log in with e-mail and password, and manage the keys of their account.

login.py   POST and DELETE /api/console/session
keys.py    POST, GET and DELETE /api/gateway/keys
routes.py  the objects and routes of these APIs
"""
