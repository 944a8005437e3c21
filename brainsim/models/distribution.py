"""What a distribution is; subclass `Distribution` to write your own."""

import functools
import inspect
import math
from dataclasses import Field, fields
from typing import Any, ClassVar

import numpy as np

from brainsim.core.checks import in_one_unit, number
from brainsim.core.hooks import reject_misspelled

BUILT_IN = range(1, 6)  # numbers of the samplers that are part of the kernels, see `brainsim.rng.variates`


class Distribution:
    """Base of the distributions; ``isinstance(value, Distribution)`` tells them from numbers and arrays.

    To write your own, derive a frozen dataclass with one or two parameters, and give it a `sampler` and `integrals`.

    Attributes
    ----------
    sampler : compiled function
        How 64 random bits become a value: a function ``(bits, a, b)`` of the bits and the parameters, with the decorator
        ``kernel`` of `brainsim.jit.decorators`, that returns a float. If it returns NaN, the value is sampled again, from
        other bits. ``uniform(bits)`` of `brainsim.rng.hashing` is a number in [0, 1); functions with the same bits on all
        processors are in `brainsim.jit.vmath`. Distributions of the package have the number of one in the kernels.
    lowest : float
        The lowest possible value, by default 0; override `support` if there is a highest one as well.
    positive, pure : tuple of str
        The parameters that must be > 0, and those that are plain numbers, whatever the unit of the values.
    support : tuple of float
        The lowest and the highest possible value; ``-inf`` or ``inf`` if there is no limit.
    mean : float
        The expected value.
    unit : str or None
        The unit of the quantities that it was made from; None if it was made from plain numbers.
    code : ndarray of float64, shape (5,)
        ``[sampler, a, b, low, high]``, as kernels read it: a number or an address, two parameters, the limits of a clip.

    Examples
    --------
    >>> import dataclasses
    >>> import math
    >>> import brainsim as bs
    >>> from brainsim.jit.decorators import kernel
    >>> from brainsim.rng.hashing import uniform
    >>> @kernel
    ... def triangular(bits, top, b):
    ...     return top * math.sqrt(uniform(bits))
    >>> @dataclasses.dataclass(frozen=True, repr=False)
    ... class Triangular(bs.values.Distribution):
    ...     top: float  # the density rises from 0 to here
    ...     sampler = triangular
    ...     positive = ("top",)
    ...     @property
    ...     def support(self):
    ...         return 0.0, self.top
    ...     def integrals(self, low, high):
    ...         low, high = (min(max(x, 0.0), self.top) / self.top for x in (low, high))
    ...         return (high**2 - low**2, 2 / 3 * self.top * (high**3 - low**3)) if low < high else (0.0, 0.0)
    >>> Triangular(3.0).mean
    2.0
    >>> bs.Population(5, bs.LIF(tau_m=bs.Clipped(Triangular(20.0), low=5.0)), name="cells")
    Population('cells', 5 LIF)

    ``brainsim.testing.check_distribution(Triangular(3.0))`` checks that it keeps what it promises.
    """

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]  # every distribution is a dataclass
    sampler: ClassVar[Any] = None
    lowest: ClassVar[float] = 0.0
    positive: ClassVar[tuple[str, ...]] = ()
    pure: ClassVar[tuple[str, ...]] = ()
    unit: str | None
    _of_pairs: ClassVar[bool] = False

    def __init_subclass__(cls, **options: object) -> None:
        super().__init_subclass__(**options)
        reject_misspelled(cls, Distribution)
        if cls.code is not Distribution.code:  # one that is made of another, as `Clipped` is
            return
        if not (_is_compiled(cls.sampler) or (isinstance(cls.sampler, int) and cls.sampler in BUILT_IN)):
            raise TypeError(
                f"{cls.__name__}.sampler: must be a compiled function (bits, a, b) that returns a value, with the decorator "
                f"@kernel from brainsim.jit.decorators (got {cls.sampler!r}); see help(bs.values.Distribution)"
            )
        if cls.integrals is Distribution.integrals:
            raise TypeError(
                f"{cls.__name__}: has no integrals(low, high), from which probabilities and the mean follow; "
                "see help(bs.values.Distribution)"
            )

    def __post_init__(self) -> None:
        """Check the parameters; keep them as floats, and the unit of quantities."""
        name, values = type(self).__name__, {f.name: getattr(self, f.name) for f in fields(self)}
        if not 1 <= len(values) <= 2:
            raise TypeError(f"{name}: a distribution has one or two parameters (got {', '.join(values) or 'none'})")
        converted, unit = in_one_unit({n: value for n, value in values.items() if n not in self.pure}, name)
        self.__dict__["unit"] = unit
        for n, value in (values | converted).items():
            self.__dict__[n] = number(value, f"{name}.{n}", above=0 if n in self.positive else None)
        self._check()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(repr(getattr(self, f.name)) for f in fields(self))})"

    @property
    def code(self) -> np.ndarray:
        """The five numbers from which kernels sample this distribution."""
        values = [getattr(self, f.name) for f in fields(self)]
        how = self.sampler.address_of_real(np.uint64(0), 0.0, 0.0) if _is_compiled(self.sampler) else self.sampler
        return np.array([how, *values, *[0.0] * (2 - len(values)), -math.inf, math.inf])

    @property
    def support(self) -> tuple[float, float]:
        """The lowest and the highest possible value."""
        return self.lowest, math.inf

    @functools.cached_property  # not a property, so that Normal and others can have a field `mean`
    def mean(self) -> float:
        """The expected value."""
        return self.integrals(-math.inf, math.inf)[1]

    def mass(self, low: float, high: float) -> float:
        """Return the probability that a value lies in [low, high]."""
        return self.integrals(low, high)[0]

    def integrals(self, low: float, high: float) -> tuple[float, float]:
        """Return the integrals of f(x) and of x f(x) from `low` to `high`, where f is the density; 0 if low >= high."""
        raise NotImplementedError(f"{type(self).__name__}.integrals")

    def _check(self):
        """Raise ValueError if the parameters do not fit each other."""


def is_of_pairs(value: Any) -> bool:
    """Return whether a weight or a delay is an expression of both cells: it has limits and a mean, but is not random."""
    return isinstance(value, Distribution) and value._of_pairs


def written_within(value: Distribution, low: float | None = None, high: float | None = None) -> str:
    """Return what to write instead of a value that is not beyond the limits: ``Clipped(...)``, or ``'max(1-d, 0)'``."""
    if is_of_pairs(value):
        written = value.text  # type: ignore[attr-defined]  # of an OfPair
        text = written if low is None else f"max({written}, {low:g})"
        return repr(text if high is None else f"min({text}, {high:g})")
    limits = [f"{name}={limit:g}" for name, limit in (("low", low), ("high", high)) if limit is not None]
    return f"Clipped({value!r}, {', '.join(limits)})"


def _is_compiled(sampler):
    """Return whether a sampler is a function of bits and two parameters that will be compiled."""
    return hasattr(sampler, "address_of_real") and len(inspect.signature(sampler).parameters) == 3
