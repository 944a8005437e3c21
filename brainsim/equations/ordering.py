"""The order in which the lines ``name = ...`` of a class can be computed."""

from brainsim.equations import language as lang
from brainsim.equations.grammar import EquationError

MOST_SHOWN = 8  # names in a message


def ordered(algebraic, label):
    """Return the algebraic lines in an order in which each needs only those before it."""
    needs = {name: lang.names_in(tree) & algebraic.keys() for name, tree in algebraic.items()}
    users = {name: [] for name in algebraic}
    for name, needed in needs.items():
        for other in needed:
            users[other].append(name)
    place, waiting = {name: k for k, name in enumerate(algebraic)}, {name: len(needed) for name, needed in needs.items()}
    done, ready = {}, [name for name in algebraic if not waiting[name]]
    while ready:  # a round takes all lines that need only those of the rounds before
        done |= {name: algebraic[name] for name in ready}
        for user in (user for name in ready for user in users[name]):
            waiting[user] -= 1
        ready = sorted({user for name in ready for user in users[name] if not waiting[user]}, key=place.get)
    if left := [name for name in algebraic if name not in done]:
        need = "need each other" if len(left) > 1 else "needs itself"
        shown = f"{', '.join(map(repr, left[:MOST_SHOWN]))}{' and others' * (len(left) > MOST_SHOWN)}"
        message = f"{shown} {need}; a line may lean on variables and on other lines only"
        raise EquationError(label, message, lang.line_of(algebraic[left[0]]).text, 0)
    return done
