"""The register of processing (art. 30), and what else is said of the same model to machines and to the authority.

records       what the company decided for it (pydantic; part of the record)
activities    each processing activity with all that art. 30(1) asks; what is missing is said as missing. Pure
words         its columns and phrases, in four languages
workbook      the register as a workbook in the five sheets of the authority's model
exports       DPV, TILT, fideslang, schema.org
dpia          which processing needs an assessment (art. 35), and whether it is on record. Pure
"""
