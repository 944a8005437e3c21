"""Checks of what a user types: one place, one wording.

Every message reads ``Object.field: what is allowed (got what came)`` and, if possible, ends with what to type instead.
``Object.field`` is the argument `label` of the functions here.
"""

from __future__ import annotations

import contextlib
import math
import numbers
import operator
import os
import re
import sys
import warnings
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numpy as np

from brainsim.core.arrays import as_array, freeze, short_repr
from brainsim.core.contexts import within

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

# Each brainsim unit in SI units. Quantities of other libraries are converted where they come in; kernels see plain floats.
SI = {"ms": 1e-3, "mV": 1e-3, "pA": 1e-12, "pF": 1e-12, "nS": 1e-9, "Hz": 1.0, "1/ms": 1e3, "": 1.0}
QUANTITY_UNITS = ("", "ms", "mV", "pA", "pF", "nS", "Hz", "um", "mM")  # in the order in which they are tried
MAX_INDEX = 2**31 - 1  # indices are stored as int32
MAX_NAME = 400  # characters; kernels join two names, and LLVM cuts them after 1,024
# A value within these limits is almost certainly in SI units: a current of 1 fA to 100 nA, a capacitance or a conductance
# of 1 fF or 1 fS and more. No synapse has 1e-9 pA, no membrane 1e-9 pF, no channel 1e-9 nS.
SI_SLIP = {"pA": (1e-15, 1e-7), "pF": (1e-15, 1e-6), "nS": (1e-15, 1e-6)}
LARGER = {"ms": "s", "mV": "V", "pF": "nF"}  # other units that are often used, a thousand times as large
NEAR_ZERO = 20.0  # mV
_computed: ContextVar[bool] = ContextVar("computed", default=False)
_call: ContextVar[str] = ContextVar("call", default="")
P = ParamSpec("P")
R = TypeVar("R")


class MissingName(KeyError):  # noqa: N818 - the name says it all
    """A name that does not exist. Unlike that of a plain KeyError, its message is shown without quotes."""

    def __str__(self) -> str:
        return str(self.args[0])


def nearest(name: object, names: Iterable[object]) -> str:
    """Return a hint as the end of a message: ``; did you mean 'v'?``, or else the names to choose from."""
    import difflib

    known = [str(n) for n in names]
    lower = {n.lower(): n for n in reversed(known)}
    if str(name).lower() in lower:
        return f"; did you mean {lower[str(name).lower()]!r}?"
    close = difflib.get_close_matches(str(name), known, n=1, cutoff=0.6)
    close = close or [lower[n] for n in difflib.get_close_matches(str(name).lower(), lower, n=1, cutoff=0.6)]
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; available: {', '.join(known)}" if known else "; there are none"


def known_as(given: object, names: Collection[object]) -> str:
    """Return a hint about a part that a network does not have: that it belongs to another one, or else the nearest name."""
    name = given if isinstance(given, str) else getattr(given, "name", given)
    if given is not name and name in names:
        return f"; the {name!r} that was given belongs to another network; give its name"
    return nearest(name, names)


def plain(value: Any, unit: str, label: str) -> float | np.ndarray:
    """Turn a number, an array or another library's quantity into a float or a float64 array in brainsim's unit.

    Quantities of pint, astropy, quantities and brian2 are recognised by their methods; none of them is imported. Raise
    TypeError if `value` is not made of numbers, and ValueError if one is NaN, infinite, masked, in another unit, or so
    small that it must be in SI units. The last is not checked of `computed_values`.
    """
    value = _strip_unit(value, unit, label)
    reject_masked(value, label)
    if isinstance(value, (bool, np.bool_, str)) or value is None:
        quoted = isinstance(value, str) and value.strip()[:1].isdigit()
        hint = "; write the number alone, without quotes" * quoted
        raise TypeError(f"{label}: must be a number{_in(unit)} (got {value!r}){hint}")
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "biufO":  # NumPy would parse strings and drop imaginary parts
            raise TypeError
        array = array.astype(np.float64, copy=False)
    except OverflowError:
        raise ValueError(f"{label}: must be a number up to 1e308") from None
    except (TypeError, ValueError):
        raise TypeError(f"{label}: must be a number or an array of numbers{_in(unit)} (got {value!r})") from None
    if not np.isfinite(array).all():
        bad = array[~np.isfinite(array)].flat[0]
        raise ValueError(f"{label}: must be finite (got {bad})")
    _reject_si_slip(array, unit, label)
    return float(array) if array.ndim == 0 else array


@contextlib.contextmanager
def computed_values() -> Iterator[None]:
    """Take small values as they are in this block, or function: a running program computed them, they were not typed."""
    token = _computed.set(True)
    try:
        yield
    finally:
        _computed.reset(token)


def are_computed() -> bool:
    """Return whether values come from a running program, within `computed_values`."""
    return _computed.get()


@contextlib.contextmanager
def options_of(call: str) -> Iterator[None]:
    """Let `option` name this call of the user in this block, or function; calls within it do not count.

    Functions of the user, which are called in between, are blocks of ``options_of("")``: there, their calls count.
    """
    token = _call.set(call and (_call.get() or call))
    try:
        yield
    finally:
        _call.reset(token)


def call_with_options() -> str:
    """Return the call of the user that gave the options of a run: ``Simulation``, or ``simulate`` if it is not known."""
    return _call.get() or "simulate"


def takes_options(call: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Return a decorator of public functions that take options of a run: messages about these name `call`."""
    return within(lambda: options_of(call))


def option(name: str) -> str:
    """Return the label of an option of a run, such as ``simulate.dt``, or ``Simulation.dt`` within `options_of`."""
    return f"{call_with_options()}.{name}"


def check_name(name: Any, label: str) -> str:
    """Return the name of a thing: a str that is not blank, not longer than `MAX_NAME`, and that any file can hold."""
    if not isinstance(name, str) or not name.strip():
        raise TypeError(f"{label}: must be a name such as 'exc' (got {name!r})")
    if len(name) > MAX_NAME:
        raise ValueError(f"{label}: must have at most {MAX_NAME} characters (got {len(name):,}: {name[:20]!r}...)")
    for letter in name:
        if letter == "\0" or "\ud800" <= letter <= "\udfff":
            raise ValueError(f"{label}: must not contain {letter!r}, which no file can hold (got {name!r})")
    return name


def check_word(name: Any, label: str, example: str) -> str | None:
    """Return the name by which other names refer to a thing, such as ``"ampa.g"``: a word, or None if it has no name."""
    if name is None:
        return None
    if not (isinstance(name, str) and name.isidentifier()):
        raise ValueError(f"{label}: must be a word such as {example!r} (got {name!r})")
    return check_name(name, label)


def reject_masked(value: object, label: str, hint: str = "write values.filled(0.0), or values.compressed()") -> None:
    """Raise ValueError for an array with masked values: the numbers under a mask mean nothing."""
    # NumPy loads the module when it is first used, in 10 ms; before, there is no such array
    if "numpy.ma" in sys.modules and np.ma.is_masked(value):
        raise ValueError(f"{label}: must have no masked values; {hint}")


def indices(value: Any, label: str, kind: type[np.integer] = np.int64) -> np.ndarray:
    """Return a whole number from 0 to 2**31 - 1, or a one-dimensional array of them, as a new array, int64 by default.

    The values are checked before any cast: a cast to a shorter type would turn one that is too large into another index.
    """
    reject_masked(value, label)
    array = as_array(value, label, "whole numbers")
    if array.dtype == bool:
        raise TypeError(f"{label}: must be whole numbers (got a mask); np.flatnonzero(mask) gives the indices")
    values = np.atleast_1d(array if array.dtype.kind in "iu" else plain(value, "", label))
    if values.ndim != 1:
        raise ValueError(f"{label}: must be a list of whole numbers (got an array of shape {values.shape})")
    beyond = (values < 0) | (values > MAX_INDEX)
    bad = values[beyond if values.dtype.kind in "iu" else beyond | (values != np.floor(values))]
    if bad.size:
        limit = "up to 2**31 - 1" if bad[0] > MAX_INDEX else ">= 0"
        raise ValueError(f"{label}: must be whole numbers {limit} (got {bad[0]})")
    return values.astype(kind)


def unit_of(value: Any, label: str) -> str | None:
    """Return the brainsim unit of another library's quantity, or of the first one in a list; None for plain numbers."""
    while type(value) in (list, tuple) and value:
        value = value[0]
    if type(value) in (list, tuple) or not _foreign(type(value)):
        return None
    for unit in QUANTITY_UNITS:
        try:
            _strip_unit(value, unit, label)
        except ValueError:
            continue
        return unit
    raise ValueError(f"{label}: must be in {', '.join(QUANTITY_UNITS[1:])} or a plain number (got {value})")


def in_one_unit(values: Mapping[str, Any], label: str) -> tuple[dict[str, float], str | None]:
    """Return (numbers, unit) of a dict name -> number or quantity, all in one unit; None as the unit of plain numbers."""
    units = {name: unit_of(value, f"{label}.{name}") for name, value in values.items()}
    first, expected = next(iter(units.items()), ("", None))
    for name, unit in units.items():
        if unit != expected:
            texts = [f"{n} is {f'in {u}' if u else 'a plain number'}" for n, u in ((first, expected), (name, unit))]
            raise ValueError(f"{label}: must be in the same unit, but {' and '.join(texts)}")
    return {n: number(value, f"{label}.{n}", units[n] or "") for n, value in values.items()}, expected


def check_unit(value: Any, unit: str, label: str) -> None:
    """Raise ValueError if a distribution or a table made of quantities has another unit; one of plain numbers fits all."""
    if value.unit not in (None, unit):
        raise ValueError(f"{label}: must be in {unit or 'plain numbers'} (got {value} in {value.unit or 'plain numbers'})")


def read_only(value: Any) -> Any:
    """Return a number unchanged, and an array as a read-only copy."""
    return freeze(value.copy()) if isinstance(value, np.ndarray) else value


def one_of(value: Any, options: Iterable[object], label: str) -> Any:
    """Return that of some options which a value equals, or raise ValueError with the nearest of them."""
    known = tuple(options)
    if (at := _place_among(value, known)) is None:
        raise ValueError(f"{label}: there is no {short_repr(value)}{nearest(value, known)}")
    return known[at]


def choice(value: Any, options: Iterable[object], label: str) -> Any:
    """Return that of a few options which a value equals, or raise ValueError that lists them all."""
    known = tuple(options)
    if (at := _place_among(value, known)) is None:
        listed = ", ".join(map(repr, known[:-1])) + f" or {known[-1]!r}"
        hint = nearest(value, known)
        hint = hint if hint.startswith("; did") else ""
        raise ValueError(f"{label}: must be {listed} (got {short_repr(value)}){hint}")
    return known[at]


def _place_among(value, options):
    """Return the place of a value among options, None if it is none of them; an array, which equals each, is none."""
    for k, option in enumerate(options):
        alike = isinstance(value, type(option)) or (isinstance(option, int) and isinstance(value, numbers.Integral))
        if alike and isinstance(value, bool) == isinstance(option, bool) and value == option:
            return k
    return None


def true_or_false(value: Any, label: str) -> bool:
    """Return a switch as a bool; raise TypeError for anything else: the text ``"no"`` would count as true."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{label}: must be True or False (got {value!r})")
    return bool(value)


def number(
    value: Any,
    label: str,
    unit: str = "",
    *,
    above: float | None = None,
    at_least: float | None = None,
    at_most: float | None = None,
) -> float:
    """Return `value` as a float after `plain` and a check of its range; arrays are rejected."""
    # a plain float needs no conversion: a closed loop checks a duration in each of its steps
    if type(value) is not float or not math.isfinite(value) or unit in SI_SLIP:
        value = plain(value, unit, label)
    if not isinstance(value, float):
        raise TypeError(f"{label}: must be one number{_in(unit)} (got an array of shape {value.shape})")
    in_range(value, label, unit, above=above, at_least=at_least, at_most=at_most)
    return value


def integer(value: Any, label: str, *, at_least: int | None = None, at_most: int | None = None) -> int:
    """Return `value` as an int; 3.0 is accepted, 3.5 and True are not."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real) or value != int_or_nan(value):
        raise TypeError(
            f"{label}: must be a whole number (got {value.item() if isinstance(value, np.generic) else value!r})"
        )
    whole = int(value)  # type: ignore[call-overload]  # numbers.Real does not promise __int__, but all numbers have it
    in_range(whole, label, at_least=at_least, at_most=at_most)
    return whole


def in_range(
    value: float | np.ndarray,
    label: str,
    unit: str = "",
    *,
    above: float | None = None,
    at_least: float | None = None,
    at_most: float | None = None,
) -> None:
    """Raise ValueError unless every element of `value` lies in the range; the message shows the first that does not."""
    unit = f" {unit}" if unit else ""
    for limit, sign, wrong in ((above, ">", operator.le), (at_least, ">=", operator.lt), (at_most, "<=", operator.gt)):
        if limit is None:
            continue
        bad = wrong(value, limit)
        if bad if type(bad) is bool else np.any(bad):
            first = value if np.ndim(value) == 0 else np.asarray(value)[bad].flat[0]
            raise ValueError(f"{label}: must be {sign} {limit:g}{unit} (got {first})")


def warn_user(text: str) -> None:
    """Warn at the line outside brainsim that led here; Python shows the same warning from the same line only once."""
    package = os.path.dirname(os.path.dirname(__file__))
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_code.co_filename.startswith(package):
        frame, level = frame.f_back, level + 1
    warnings.warn(text, stacklevel=level)


def int_or_nan(value: Any) -> float:
    """Return int(value), or NaN for NaN and infinity."""
    return int(value) if isinstance(value, numbers.Integral) or math.isfinite(value) else math.nan


def _in(unit):
    return f" in {'the unit of the weight' if unit == 'weight' else unit}" if unit else ""


def _strip_unit(value, unit, label):
    """Return the magnitude in `unit` of another library's quantity or of each one in a list; other values unchanged."""
    if isinstance(value, (list, tuple)) and any(_foreign(kind) for kind in {type(item) for item in value}):
        return [_strip_unit(item, unit, label) for item in value]
    name = unit or "dimensionless"
    try:
        if hasattr(value, "to_value"):  # astropy
            return value.to_value(name if unit else "")
        if hasattr(value, "magnitude") and hasattr(value, "to"):  # pint
            return value.to(name).magnitude
        if hasattr(value, "magnitude") and hasattr(value, "rescale"):  # quantities, neo
            return value.rescale(name).magnitude
    except Exception as error:
        raise ValueError(f"{label}: must be in {name} (got {value}: {error})") from None
    if hasattr(value, "dim") and hasattr(value, "has_same_dimensions"):  # brian2 stores values in SI units
        return _from_brian(value, unit, label)
    return value


def _foreign(kind):
    """Return whether instances of this class are quantities, or lists that may contain some."""
    return kind in (list, tuple) or any(hasattr(kind, name) for name in ("to_value", "magnitude", "has_same_dimensions"))


def _from_brian(value, unit, label):
    """Convert a brian2 quantity, which stores SI values; its dimension is parsed from text such as ``m^2 kg s^-3 A^-1``."""
    from fractions import Fraction

    from brainsim.core.units import in_si

    text = "" if str(value.dim) == "1" else str(value.dim)
    powers = {name: Fraction(power or 1) for name, power in re.findall(r"([A-Za-z]+)(?:\^(-?[\d.]+))?", text)}
    expected = in_si(unit)
    if expected is None or powers != expected[1]:
        raise ValueError(f"{label}: must be in {unit or 'plain numbers'} (got {value})")
    factor = expected[0]
    # multiplying by 1e12 is exact, dividing by 1e-12 is not
    return np.asarray(value, dtype=np.float64) * (round(1 / factor) if factor < 1 else 1 / factor)


def _reject_si_slip(array, unit, label):
    if unit not in SI_SLIP or array.size == 0 or are_computed():
        return
    largest, (least, limit) = np.abs(array).max(), SI_SLIP[unit]
    if least <= largest < limit:
        intended = largest / SI[unit]
        raise ValueError(
            f"{label}: {largest:g} {unit} looks like an SI value; values are in {unit}: did you mean {intended:.6g}?"
        )


def warn_of_larger_unit(value: float | np.ndarray, usual: float, unit: str, label: str) -> None:
    """Warn of a time in s, a potential in V or a capacitance in nF, which is about a thousandth of the `usual` value.

    It is not an error: a model may have such values. Potentials that are usually near 0 mV say nothing.
    """
    if unit not in LARGER or are_computed() or (unit == "mV" and abs(usual) < NEAR_ZERO):
        return
    values = np.atleast_1d(value)
    sizes = np.abs(values)
    if np.all((np.sign(usual) * values > 0.0) & (sizes <= abs(usual) / 250.0) & (sizes >= abs(usual) / 4000.0)):
        meant = f"values are in {unit}: did you mean {1000.0 * values[0]:.6g}?"
        warn_user(f"{label}: {values[0]:g} {unit} looks like a value in {LARGER[unit]}; {meant}")


def check_elements(matrix: Any, label: str) -> None:
    """Raise ValueError if a sparse matrix has elements outside its shape: SciPy would read memory that is not its own."""
    try:
        if hasattr(matrix, "check_format"):
            matrix.check_format(full_check=True)
        elif hasattr(matrix, "row") and len(matrix.shape) == 2:
            for ends, n in ((matrix.row, matrix.shape[0]), (matrix.col, matrix.shape[1])):
                if ends.size and not 0 <= ends.min() <= ends.max() < n:
                    raise ValueError("it has elements outside its shape")
    except ValueError as error:
        raise ValueError(f"{label}: is damaged: {error}") from None
