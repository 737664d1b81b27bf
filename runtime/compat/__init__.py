"""Answers imports of dispel4py, so that its workflows run here as they are: old names, our classes.

The names are those of all its lines, dispel4py 1.x and stream-d4py 2.x. `finder.py` answers; `names.py` says what is
answered by which module, and what to use in place of what is not.
"""
