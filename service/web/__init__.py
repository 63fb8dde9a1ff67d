"""Pages for people: the playground, the catalogue, the console and the API reference.

routes.py         every page and its route
page.py           pages as HTTP replies: HTML, security headers, and refusals as pages
rendering.py      Jinja2 templates of templates/, and static files of static/
forms.py          what browsers send: form fields, cookies, and the origin of a form
visitors.py       visitors of the playground without a key, and their limits
unknown.py        replies for paths that do not exist
playground/       count and price a text while it is typed
models/           the catalogue of models
console/          keys, use and credit of an account
documentation.py  the API reference, built from openapi.json
"""
