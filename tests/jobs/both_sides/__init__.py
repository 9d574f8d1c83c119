"""Both sides of a bridge played by chance: an ERP, users of a Salesforce, fate, and a judge.

`machine` says what may happen, `erp` and `users` do it on either side, `bridge` runs the jobs
between them, `words` keeps who said what, and `judging` holds against it what there is in the end.
"""
