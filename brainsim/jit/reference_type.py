"""What Numba has to know of a reference to a tuple, see `brainsim.jit.references`."""

from typing import Any

from numba import types
from numba.core import cgutils
from numba.core.datamodel import models
from numba.core.imputils import impl_ret_borrowed
from numba.core.typing.templates import AttributeTemplate
from numba.extending import infer_getattr, lower_getattr_generic, register_model


class Reference(types.Type):
    """The type of a reference to a named tuple of type `of`."""

    def __init__(self, of: Any):
        self.of = of
        super().__init__(f"Reference({of})")

    def place(self, field: str) -> int:
        """Return which element of the tuple a field is."""
        return self.of.fields.index(field)


@register_model(Reference)
class _ReferenceModel(models.PrimitiveModel):
    def __init__(self, manager, of):
        super().__init__(manager, of, manager.lookup(of.of).get_value_type().as_pointer())


@infer_getattr
class _ReferenceFields(AttributeTemplate):
    key = Reference

    def generic_resolve(self, reference, field):
        return reference.of[reference.place(field)] if field in reference.of.fields else None


@lower_getattr_generic(Reference)
def _field(context, builder, reference, value, field):
    place = reference.place(field)
    pointer = cgutils.gep_inbounds(builder, value, 0, place)
    return impl_ret_borrowed(context, builder, reference.of[place], builder.load(pointer))
