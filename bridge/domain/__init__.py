"""The rules: what a record is, what money is, who wins, what agrees.

Pure. Only the standard library may be imported, and libraries that are rules and tables themselves
(phonenumbers, python-stdnum, pycountry: in `normalising` alone); there is no clock (`now` is an
argument), no logging and no I/O, so every rule can be read and tested on its own.
"""
