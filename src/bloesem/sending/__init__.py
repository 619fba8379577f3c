"""The one door through which everything is sent.

templates     what is said: four languages, a class, a purpose, channels; refused at load when it says what it may not
decision      who may be written to, and why not: one SQL query, over one person or over all
oracle        the same in plain Python, slow and obviously right; hypothesis holds the two equal
tables        the outbox and campaigns
door          decided → claimed → sent: at most once, whatever crashes, and never after an objection
transports    SMTP; text messages, notifications, letters and calls as files
inbound       what comes back: bounces, automatic answers, mail that unsubscribes
campaign      many people at once, with a preview that says whom it leaves out and why
web           the page that a link leads to, one click without a login (RFC 8058)
"""
