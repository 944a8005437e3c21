"""Files of NESTML, parsed by pynestml: each mistake is an error with its line."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

from brainsim import EquationError

# the size of each base unit of the SI in which pA = nS*mV = pF*mV/ms, and mmol, with which NESTML means mM
BASES = {"s": 1e-3, "m": 1e-6, "kg": 1e-12, "A": 1e-12, "mol": 1e-3}
UNITS = "ms mV pA nS pF 1/ms mV/ms pA/ms nS/ms nS/mV 1/mV um ms**2 mV**2 nS**2/ms"


class File:
    """A file of models: `models` is a dict name -> tree of pynestml."""

    def __init__(self, path: str | os.PathLike[str]):
        self.name = Path(path).name
        try:
            self.lines = Path(path).read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            raise EquationError(self.name, "is not a text file; bs.nestml.read reads models *.nestml") from None
        self.models: dict[str, Any] = {model.get_name(): model for model in self._parsed(os.fspath(path))}

    def error(self, node: Any, message: str) -> EquationError:
        """Return an error at the line of a node of pynestml, or at a position."""
        position = node.get_source_position() if hasattr(node, "get_source_position") else node
        row = getattr(position, "start_line", 0)
        if not 0 < row <= len(self.lines):
            return EquationError(self.name, message)
        line = self.lines[row - 1]
        column = position.start_column - len(line) + len(line.lstrip())
        return EquationError(f"{self.name}, line {row}", message, line.strip(), max(0, column))

    def calls(self, node: Any, name: str) -> list[Any]:
        """Return the calls of a function below a node of pynestml."""
        own = [node] if getattr(node, "callee_name", "") == name else []
        return own + [call for child in node.get_children() for call in self.calls(child, name)]

    def _parsed(self, path):
        try:
            from pynestml.cocos.co_cos_manager import CoCosManager
            from pynestml.frontend.frontend_configuration import FrontendConfiguration
            from pynestml.symbols import predefined_functions, predefined_types, predefined_units, predefined_variables
            from pynestml.utils.logger import Logger, LoggingLevel
            from pynestml.utils.model_parser import ModelParser
        except ModuleNotFoundError as error:
            message = "models of NESTML are parsed by pynestml, which is not installed: pip install 'brainsim[nestml]'"
            raise ModuleNotFoundError(f"bs.nestml.read: {message}", name=error.name) from None
        Logger.init_logger(LoggingLevel.NO)
        FrontendConfiguration.target_platform = "NONE"
        predefined_units.PredefinedUnits.register_units()
        predefined_types.PredefinedTypes.register_types()
        predefined_functions.PredefinedFunctions.register_functions()
        predefined_variables.PredefinedVariables.register_variables()
        models, failed = [], None
        try:
            parsed = ModelParser.parse_file(path)
            models = parsed.get_model_list() if parsed else []
            for model in models:
                CoCosManager.check_cocos(model)
        except Exception as error:  # noqa: BLE001 - anything may follow a mistake that pynestml has noted
            failed = error
        noted = [
            (position, text) for *_, level, _, position, text in Logger.get_log().values() if level is LoggingLevel.ERROR
        ]
        for position, text in sorted(noted, key=lambda one: one[0] is None):
            raise self.error(position, str(text))
        if failed is not None or not models:
            raise EquationError(self.name, f"has no model that pynestml can read{f' ({failed})' * bool(failed)}")
        return models


def statements(blocks: Any) -> list[Any]:
    """Return the statements of blocks."""
    return [statement for block in blocks for statement in block.get_stmts_body().get_stmts()]


def equations(model: Any) -> list[Any]:
    """Return the differential equations of a model."""
    return [equation for block in model.get_equations_blocks() for equation in block.get_ode_equations()]


def unit_of(symbol: Any) -> Any:
    """Return the unit of a type of pynestml, None for a plain number."""
    return getattr(symbol, "astropy_unit", None)


def size(unit: Any) -> float:
    """Return how many consistent units (ms, mV, pA, nS, pF) a unit is."""
    scale = math.prod(BASES.get(base, 1.0) ** power for base, power in _powers(unit).items())
    return float(f"{unit.decompose().scale / scale:.12g}") if unit is not None else 1.0


def unit_text(unit: Any) -> str:
    """Return the consistent unit of the same dimension, "Hz" for rates, "" if there is none."""
    from astropy.units import Unit

    if unit is None or _powers(unit) == {"s": -1.0}:
        return "" if unit is None else "Hz" if size(unit) == 1e-3 else "1/ms"
    return next((text for text in UNITS.split() if _powers(Unit(text)) == _powers(unit)), "")


def _powers(unit):
    """Return base unit of the SI -> power."""
    si = unit.decompose() if unit is not None else None
    return {str(base): float(power) for base, power in zip(si.bases, si.powers, strict=True)} if si is not None else {}
