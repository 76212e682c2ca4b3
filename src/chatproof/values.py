"""Value classes that cost little to define: what `typing.NamedTuple` makes, without compiling code at each start.

The standard library writes the text of a `__new__` for each class and compiles it, some 70 µs each; a cold `smoke`
defines fifty. Here one `__new__` serves all. A type checker sees `typing.NamedTuple` itself.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple  # noqa: PLC0414  the mark of a name that is given on
else:
    from _collections import _tuplegetter  # what collections.namedtuple reads its fields with

    def _new(cls, *args, **named):
        fields = cls._fields
        if len(args) != len(fields) or named:
            left = len(fields) - len(args)
            if not named and 0 < left <= len(cls._defaults):  # the last ones, as given in the class
                return tuple.__new__(cls, args + cls._defaults[-left:])
            if len(args) > len(fields):
                raise TypeError(f"{cls.__name__} takes {len(fields)} values, {len(args)} were given")
            values = {**cls._field_defaults, **dict(zip(fields, args, strict=False))}
            for name in named:
                if name in fields[: len(args)] or name not in fields:
                    raise TypeError(f"{cls.__name__} got {name!r} twice or has no such field")
            values |= named
            missing = [name for name in fields if name not in values]
            if missing:
                raise TypeError(f"{cls.__name__} needs {', '.join(missing)}")
            args = [values[name] for name in fields]
        return tuple.__new__(cls, args)

    def _replace(self, /, **changes):
        """The same value with some fields changed."""
        values = dict(zip(self._fields, self, strict=True)) | changes
        if len(values) > len(self._fields):
            unknown = ", ".join(sorted(set(changes) - {*self._fields}))
            del changes, values  # a traceback with locals would print them
            raise ValueError(f"{type(self).__name__} has no field {unknown}")
        return type(self)._make(values.values())

    def _make(cls, values):
        """The value of an iterable that has one element for each field."""
        made = tuple.__new__(cls, values)
        if len(made) != len(cls._fields):
            raise TypeError(f"{cls.__name__} takes {len(cls._fields)} values, {len(made)} were given")
        return made

    def _asdict(self):
        """Fields and what they hold."""
        return dict(zip(self._fields, self, strict=True))

    def _repr(self):
        held = ", ".join([f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True)])
        return f"{type(self).__name__}({held})"

    def _values_of(self):
        """For copies and pickles."""
        return tuple(self)

    def _annotations(namespace):
        """Of a class body. From Python 3.14 on it holds a function that makes them (PEP 649)."""
        make = namespace.get("__annotate_func__")
        return make(1) if make else namespace.get("__annotations__", ())

    class _Signature:
        """What `inspect.signature` and `help` show; made when they ask."""

        def __get__(self, value, owner):
            from inspect import Parameter, Signature

            kinds = [
                Parameter(
                    field,
                    Parameter.POSITIONAL_OR_KEYWORD,
                    default=owner._field_defaults.get(field, Parameter.empty),
                    annotation=owner.__annotations__[field],
                )
                for field in owner._fields
            ]
            return Signature(kinds)

    class _Meta(type):
        def __new__(meta, name, bases, namespace):
            if bases == ():
                return type.__new__(meta, name, (), namespace)
            fields = tuple(_annotations(namespace))
            defaults = {field: namespace.pop(field) for field in fields if field in namespace}
            if set(fields[len(fields) - len(defaults) :]) != set(defaults):
                raise TypeError(f"{name}: a field without a default stands after one that has a default")
            made = {
                "__slots__": (), "__new__": _new, "__repr__": _repr, "__getnewargs__": _values_of,
                "__match_args__": fields,
                "_replace": _replace, "_asdict": _asdict, "_make": classmethod(_make),
                "_fields": fields, "_field_defaults": defaults, "_defaults": tuple(defaults.values()),
                "__signature__": _Signature(),
            }  # fmt: skip
            for at, field in enumerate(fields):
                made[field] = _tuplegetter(at, f"Alias for field number {at}")
            # Of tuple alone, whose metaclass is type: a value's class is a plain one.
            return type(name, (tuple,), made | namespace)

    class NamedTuple(metaclass=_Meta):
        """A tuple whose fields have names; to be inherited from, as `typing.NamedTuple`."""
