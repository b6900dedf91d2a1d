"""The fault suite: a small real stack, people who order and decide, and what may break in the middle of it.

    make faults [SEED=…] [FAULT="part of a name"]

Every fault ends with the same questions, asked of the tables and of the gateway's and carrier's own books: was every
acknowledged order and decision carried out, was anybody charged twice, does anything stand still?
"""
