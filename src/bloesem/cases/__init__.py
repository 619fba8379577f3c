"""Requests, complaints and questions of people: received by any road, and answered in time (docs/cases.md).

model     rights, states, and when an answer is due       own    a person's own cases
tables    the tables, and the functions of the pages       desk   the privacy officer's
clerk     what is done by itself, a step at a time: `acts` through the engine, `letters` by the door
"""
