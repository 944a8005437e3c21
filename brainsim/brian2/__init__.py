"""Brian2's scripts on brainsim: a line more in a script, or none with ``python -m brainsim.brian2 script.py``.

It is written for Brian2 2.9 and 2.11 (``pip install 'brian2>=2.9,<2.12'``); Brian2 has a licence of its own, CeCILL. Objects
are Brian2's own, in its runtime mode, so whatever a script sets, indexes, connects and reads is there. A call of ``run``
reads the network from them, has brainsim run it, and writes what happened back into the same arrays and monitors::

    import brainsim.brian2
    from brian2 import *

    set_device("brainsim")

What cannot be translated is run by Brian2 itself; ``get_device().report()`` says in one line what ran where and why. With
``set_device("brainsim", otherwise="refuse")`` it is an error, which names the object, its line and the reason.
"""

from brainsim.core.doors import optional

optional("brian2", "brainsim.brian2")

from brainsim.brian2.device import BrainsimDevice  # noqa: E402 - after the check, whose message says what to type

__all__ = ["BrainsimDevice"]
