"""Pages for people: the playground, the models, the console and the documentation.

routes.py      every page, in one place
page.py        a page's way out: HTML, its headers, its refusals
templates.py   Jinja2 templates of the folder templates/
assets.py      scripts and styles of the folder static/
origin.py      did this request come from one of our own pages
forms.py       what a form sends
cookies.py     what a browser keeps
visitors.py    who uses the playground without a key, and how much
playground/    counts and costs while one types
models/        the catalogue
console/       keys, use and credit of an account
documentation.py  the reference, from the OpenAPI document
"""
