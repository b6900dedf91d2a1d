"""The local stack: everything that `manage.py runstack` starts, watches and stops on a developer's machine."""
