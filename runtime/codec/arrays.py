"""numpy arrays and scalars: a checked dtype, a shape, the raw bytes. numpy is imported only when needed."""

import math
import re
import sys
from typing import Any, Final

from sferic.runtime.codec.errors import CodecError
from sferic.runtime.codec.tags import Tag

# From here on an array's bytes travel behind the body, copied once on each side.
_FAR_BYTES: Final = 4096
# Numbers, fixed-width text, void, times. Neither objects nor variable-width strings: those hold pointers.
_LEAF: Final = re.compile(r"[<>|=][biufcSUVMm]\d+(\[[0-9]*[A-Za-zμ]+(/[0-9]+)?\])?|[<>=][qQ]")


def lower_array(array: Any, buffers: list[memoryview]) -> list[Any]:
    numpy: Any = sys.modules["numpy"]
    dtype = _lower_dtype(array.dtype)
    fortran = array.flags.f_contiguous and not array.flags.c_contiguous
    flat = array.reshape(-1, order="F" if fortran else "C")
    shape = [*array.shape, "F"] if fortran else list(array.shape)
    if array.nbytes < _FAR_BYTES:
        return [Tag.ARRAY, dtype, shape, flat.tobytes()]
    buffers.append(memoryview(numpy.ascontiguousarray(flat).view(numpy.uint8)))
    return [Tag.FAR_ARRAY, dtype, shape, len(buffers) - 1]


def lower_numpy_scalar(value: Any) -> list[Any]:
    numpy: Any = sys.modules["numpy"]
    if isinstance(value, numpy.str_):
        text = str.__str__(value)
        return [Tag.NUMPY_STR, text.encode("utf-8", "surrogatepass")]
    if isinstance(value, numpy.bytes_):
        return [Tag.NUMPY_BYTES, bytes(value)]
    return [Tag.NUMPY_SCALAR, _lower_dtype(value.dtype), value.tobytes()]


def lift_array(dtype: Any, shape: Any, data: bytes | memoryview) -> Any:
    import numpy as np  # noqa: PLC0415 - 20 MB that a process without arrays does not pay

    order = "C"
    if shape and shape[-1] == "F":
        order = "F"
        shape = shape[:-1]
    if not all(type(length) is int and length >= 0 for length in shape):
        raise CodecError("an array's shape is a list of lengths")
    lifted = _lift_dtype(dtype)
    length = math.prod(shape)
    if length * lifted.itemsize != len(data) or (not lifted.itemsize and length > 1 << 32):
        raise CodecError("an array's bytes do not fit its shape")
    if not data:
        return np.empty(shape, lifted, order)
    # A copy: the receiver owns its item, may write to it, and must not keep the whole batch alive.
    return np.ndarray(shape, lifted, data, order=order).copy(order)


def lift_numpy_scalar(dtype: Any, data: Any) -> Any:
    array = lift_array(dtype, [], data)
    return array[()].copy() if array.dtype.fields else array[()]


def _lower_dtype(dtype: Any) -> Any:
    import numpy as np  # noqa: PLC0415 - imported already, an array is here

    descr = np.lib.format.dtype_to_descr(dtype) if dtype.fields else _leaf(dtype)
    lowered = _tagless(descr)
    try:
        same = not dtype.hasobject and _lift_dtype(lowered) == dtype
    except (CodecError, ValueError, TypeError):
        same = False
    if not same:
        raise CodecError(
            f"cannot encode a numpy array or scalar of dtype {dtype}: its bytes do not say what it holds",
            advice="write its tolist(), or an array of another dtype",
            type_name=f"numpy:dtype({dtype})",
        )
    return lowered


def _leaf(dtype: Any) -> str:
    import numpy as np  # noqa: PLC0415

    text: str = dtype.str
    # long long has the bytes of int64 and is another scalar type.
    return text[0] + dtype.char if dtype.char in "qQ" and np.dtype(text).char != dtype.char else text


def _tagless(descr: Any) -> Any:
    """numpy's description as lists and scalars: a name, or lists of [title and name, dtype, shape...]."""
    return [_tagless(part) for part in descr] if type(descr) in (list, tuple) else descr


def _lift_dtype(descr: Any) -> Any:
    import numpy as np  # noqa: PLC0415

    try:
        dtype = np.dtype(descr) if type(descr) is str else np.lib.format.descr_to_dtype(_fields(descr))
    except (TypeError, ValueError, OverflowError, KeyError, IndexError) as error:
        raise CodecError(f"no dtype of numpy: {error}") from error
    if type(descr) is str and not _LEAF.fullmatch(descr):
        raise CodecError(f"no dtype of plain bytes: {descr!r}")
    return dtype


def _fields(descr: Any) -> list[tuple[Any, ...]]:
    fields: list[tuple[Any, ...]] = []
    for field in descr:
        name, inner, *shape = field
        if type(inner) is str:
            if not _LEAF.fullmatch(inner):
                raise CodecError(f"no dtype of plain bytes: {inner!r}")
        else:
            inner = _fields(inner)
        is_titled = isinstance(name, list)
        fields.append((tuple(field[0]) if is_titled else name, inner, *(tuple(lengths) for lengths in shape)))
    return fields
