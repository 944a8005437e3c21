"""Wrong lines, put in one at a time: which share of them do the tests of a room notice?

``python -m tests.mutations --room engine/synapses --number 20 --seed 1`` draws lines of the room (of all rooms with
``--room all``), changes each in a copy of the project, and runs the usual tests of the room on it until one fails: first
those nearest to the line, then the others; with ``--thorough`` the thorough ones as well. A line that no test notices is
printed: it needs a test, or is a change that changes nothing.
"""
