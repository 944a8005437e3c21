"""Parameters of a network that learns, as scikit-learn reads and changes them."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from os import PathLike
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np

from brainsim.core.checks import nearest
from brainsim.core.contexts import default_arithmetic, within
from brainsim.learn.options import OPTIONS, Option, checked, with_texts
from brainsim.results.archive import with_suffix


class NotFittedError(ValueError, AttributeError):
    """A network was asked for what it learns, before `fit`; as scikit-learn's error of this name, two kinds of error.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.ann.MLP(10).predict([[1.0, 2.0]])
    Traceback (most recent call last):
    brainsim.learn.estimator.NotFittedError: MLP: is not trained yet; call fit(X, y) first
    """


class Loss(NamedTuple):
    """The mean loss of samples, and its gradient with respect to each part of the network."""

    loss: float
    parts: dict[Any, np.ndarray]


class Estimator:
    """What scikit-learn asks of a classifier besides `fit`, `predict` and `score`: its parameters, and what it is.

    The parameters of a subclass are those of its constructor, which gives them to `_checked` and then to `_keep`: `options`
    says how those of training are checked. What `fit` finds has a name that ends with an underscore.

    Examples
    --------
    >>> class Constant(Estimator):
    ...     def __init__(self, label=0):
    ...         self._keep({"label": label}, {"label": int(label)})
    >>> Constant(3).set_params(label=4).get_params()
    {'label': 4}
    """

    _parameters: ClassVar[tuple[str, ...]]
    _options: ClassVar[Mapping[str, Option]] = OPTIONS
    learning_rate: float
    batch: int
    epochs: int
    patience: int
    validation: float
    seed: int
    _takes_nan: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._parameters = tuple(name for name in inspect.signature(cls.__init__).parameters if name != "self")
        cls.__doc__ = with_texts(cls.__doc__)

    def _checked(self, given: Mapping[str, Any], own: Mapping[str, Any] = {}) -> dict[str, Any]:  # noqa: B006
        """Return the parameters by name, the options of training checked; the subclass has checked its `own` ones."""
        checked_options = checked(self._options, given, type(self).__name__)
        return {name: given[name] for name in self._parameters} | checked_options | {**own}

    def _keep(self, given: Mapping[str, Any], checked: Mapping[str, Any]) -> None:
        """Store the checked parameters; one that a check did not change stays the same object, which `clone` looks at."""
        for name, value in checked.items():
            same = type(given[name]) is type(value) and given[name] == value
            setattr(self, name, given[name] if same else value)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name, for ``clone`` and the searches of scikit-learn.

        Parameters
        ----------
        deep : bool
            No effect: no parameter has parameters.
        """
        return {name: getattr(self, name) for name in self._parameters}

    def set_params(self, **parameters: Any) -> Self:
        """Change parameters, checked as by the constructor, and return the network, which is untrained afterwards."""
        for name in parameters:
            if name not in self._parameters:
                said = f"{type(self).__name__}.set_params: there is no parameter {name!r}"
                raise ValueError(f"{said}{nearest(name, self._parameters)}")
        self.__init__(**(self.get_params() | parameters))  # type: ignore[misc]
        self._forget()
        return self

    @property
    def n_features_in_(self) -> int:
        """Number of inputs of a sample; as in scikit-learn, it is there only after `fit`."""
        raise NotImplementedError

    def _learned(self, name: str, instead: str = "") -> Any:
        """Return what `fit` makes; raise NotFittedError, which may say what can be done `instead`, if it is not there."""
        if name not in vars(self):
            raise NotFittedError(f"{type(self).__name__}: is not trained yet; call fit(X, y) first{instead}")
        return vars(self)[name]

    def _parameters_for_file(self) -> np.ndarray:
        """Return all parameters as an array for a file."""
        return np.asarray(json.dumps(self.get_params(), default=lambda number: number.item()))

    @classmethod
    def _of_file(cls, content: Mapping[str, Any], **known: Any) -> Self:
        """Return a network with the parameters in a file, an old one without `_options`; `known` are those of its arrays."""
        options = json.loads(str(content["options"])) if "options" in content else {}
        if not isinstance(options, dict) or not options.keys() <= {*cls._parameters}:
            raise ValueError(f"its options: must be parameters of {cls.__name__}")
        return cls(**options | known)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the network to a file that `load` reads; ``.npz`` is appended to the name if missing.

        An existing file is replaced only when the new one is complete. A name that ends as files of another format do, such
        as ``.h5``, raises ValueError.
        """
        self._write(with_suffix(path, f"{type(self).__name__}.save.path"))

    def _write(self, path: Any) -> None:
        raise NotImplementedError

    @within(default_arithmetic)
    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of each class, shape (samples, classes); of sequences (samples, steps, classes)."""
        from scipy.special import softmax

        return softmax(self.decision_function(X), axis=-1)

    def decision_function(self, X: Any) -> np.ndarray:
        """Return the arguments of the softmax."""
        raise NotImplementedError

    def _split(self, samples: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return the samples for training and those for validation, in random order."""
        order, held_out = rng.permutation(samples), int(self.validation * samples)
        return order[held_out:], order[:held_out]

    def _forget(self) -> None:
        for name in [attribute for attribute in vars(self) if attribute.endswith("_")]:
            delattr(self, name)

    def __sklearn_tags__(self) -> Any:
        """Return the tags by which scikit-learn knows a classifier; only scikit-learn calls this."""
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags

        return Tags(
            estimator_type="classifier",
            target_tags=TargetTags(required=True),
            classifier_tags=ClassifierTags(),
            input_tags=InputTags(allow_nan=self._takes_nan),
        )
