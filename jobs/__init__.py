"""What the clock asks for: one module per job, told top to bottom, and the schedule.

Jobs get all they need as a `JobContext` and build nothing themselves. May import matching, the
store, the Salesforce connector and the domain; never the doors (soap, console, cli).
"""
