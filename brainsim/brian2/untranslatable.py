"""What this room cannot translate, named by the object of the script and the line that made it."""

import re


class UntranslatableError(Exception):
    """Something in a network of Brian2 has no counterpart here; `owner` is the object that has it."""

    def __init__(self, reason, owner=None):
        super().__init__(reason)
        self.reason, self.owner = reason, owner

    def __str__(self):
        owner = self.owner
        if owner is None:
            return self.reason
        # Brian2 keeps where each object was made, for its own messages
        place = re.search(r"File '(.*)', line (\d+)", getattr(owner, "_creation_stack", "") or "")
        at = f" ({place.group(1).rpartition('/')[2]}, line {place.group(2)})" if place else ""
        return f"{owner.name}{at}: {self.reason}"
