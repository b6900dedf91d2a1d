"""The WSGI application that gunicorn serves. Wrong settings end the process with one sentence."""

from django.core.wsgi import get_wsgi_application

from console.environment import load_applications, load_settings

load_settings()
load_applications()
application = get_wsgi_application()
