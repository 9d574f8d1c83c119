"""Benchmarks: what the bridge takes, beside what else does the same work.

`make bench` (`python -m tests.benchmarks [NAME...]`) prints one table, or JSON with `--json`. Times
vary on shared machines, so each ratio is taken in one run, in which the compared ways take turns.
Nothing here passes or fails by its time; a call that fails ends the run with exit code 1.

- `measuring` holds the rows and the taking of turns, `load` sends HTTP requests over many
  connections, `servers` starts what answers them.
- `small` is a contract of six fields, `stock` is Spyne as it comes: what others are compared by.
- each `bench_*` is one benchmark, a generator of rows: `measure`.
"""
