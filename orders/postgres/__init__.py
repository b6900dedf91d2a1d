"""Django's PostgreSQL backend with bounds: nobody waits for ever, and nobody makes others wait for ever.

How long a transaction may take is sent with the transaction itself (`limits`), because a connection pooler gives each
one to another session. What the server cannot bound, its own silence, is bounded here (`connections`). What went wrong
is told by codes (`faults`).
"""
