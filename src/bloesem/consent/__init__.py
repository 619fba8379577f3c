"""Consents, their withdrawal, objections to advertising, and the list of those who want none.

    rules         what the company decided about messages (`messages/door.yaml`): classes, contact points, soft opt-in
    texts         the words to which people agree, by version
    ledger        giving and withdrawing: rows of the consent table, from which facts follow (ISO/IEC TS 27560)
    receipt       what the person gets of it: JSON-LD, DPV's profile of 27560
    suppression   the list that outlives erasure: keyed digests, compared with whatever comes in
    objection     one step, no reason, all channels at once (P-166), or one channel (P-092)
    links         signed links that say what they do
    gpc           Global Privacy Control
    phone_list    the do-not-call list: imported whole, refused when damaged or old

Consents and objections are facts (`bloesem.fact`) and rows that facts are read from; nothing here keeps a truth of its own
beside them. The list alone has no person in it.
"""
