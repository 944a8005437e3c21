"""Files of NESTML, parsed by pynestml: each mistake is an error with its line. Units of astropy, as pynestml gives them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from astropy.units import Unit
from pynestml.cocos.co_cos_manager import CoCosManager
from pynestml.frontend.frontend_configuration import FrontendConfiguration
from pynestml.frontend.pynestml_frontend import init_predefined
from pynestml.utils.logger import Logger, LoggingLevel
from pynestml.utils.model_parser import ModelParser

from brainsim import EquationError
from brainsim.core.files import check_path

# units in which pA = nS*mV = pF*mV/ms: of the SI, and mmol, with which NESTML means mM
CONSISTENT = [Unit(name) for name in ("ms", "um", "ng", "pA", "mmol", "K")]
UNITS = "ms mV pA nS pF 1/ms mV/ms pA/ms nS/ms nS/mV 1/mV um ms**2 mV**2 nS**2/ms"


class File:
    """A file of models: `models` is a dict name -> tree of pynestml."""

    def __init__(self, path: str | os.PathLike[str]):
        self.name = check_path(path, "nestml.read.path").name
        if not Path(path).is_file():
            raise FileNotFoundError(f"nestml.read.path: there is no file {os.fspath(path)!r}")
        try:
            self.lines = Path(path).read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            raise EquationError(self.name, "is not a text file; bs.nestml.read reads models *.nestml") from None
        Logger.init_logger(LoggingLevel.NO)
        FrontendConfiguration.target_platform = "NONE"
        init_predefined()
        self.models: dict[str, Any] = {}
        failed = None
        try:
            parsed = ModelParser.parse_file(os.fspath(path))
            self.models = {model.get_name(): model for model in (parsed.get_model_list() if parsed else [])}
            for model in self.models.values():
                CoCosManager.check_cocos(model)
        except Exception as error:  # noqa: BLE001 - anything may follow a mistake that pynestml has noted
            failed = error
        noted = [entry[-2:] for entry in Logger.get_log().values() if entry[2] is LoggingLevel.ERROR]
        for position, text in sorted(noted, key=lambda one: one[0] is None):
            raise self.error(position, str(text))
        if failed is not None or not self.models:
            raise EquationError(self.name, f"has no model that pynestml can read{f' ({failed})' * bool(failed)}")

    def error(self, node: Any, message: str) -> EquationError:
        """Return an error at the line of a node of pynestml, or at a position."""
        position = node.get_source_position() if hasattr(node, "get_source_position") else node
        row = getattr(position, "start_line", 0)
        if not 0 < row <= len(self.lines):
            return EquationError(self.name, message)
        line = self.lines[row - 1]
        column = position.start_column - len(line) + len(line.lstrip())
        return EquationError(f"{self.name}, line {row}", message, line.strip(), max(0, column))


def unit_of(symbol: Any) -> Any:
    """Return the unit of a type of pynestml."""
    return getattr(symbol, "astropy_unit", Unit(""))


def size(unit: Any) -> float:
    """Return how many consistent units (ms, mV, pA, nS, pF) a unit is."""
    return float(f"{unit.decompose(CONSISTENT).scale:.12g}")


def unit_text(unit: Any) -> str:
    """Return the consistent unit of the same dimension, "Hz" for rates, "" if there is none."""
    if unit.is_equivalent("Hz") and size(unit) == 1e-3:
        return "Hz"
    return next((text for text in UNITS.split() if unit.is_equivalent(text)), "")
