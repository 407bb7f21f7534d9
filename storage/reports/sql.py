"""Arithmetic on instants that SQLite, where they are text, and PostgreSQL do alike: exact to the µs."""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, FunctionElement, and_, case, func, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from storage.columns import Instant


class Micros(FunctionElement[int]):
    """The time from one instant to another in µs, null where one is unknown."""

    name = "micros"
    type = BigInteger()
    inherit_cache = True


class Cell(FunctionElement[int]):
    """In which mesh of a grid an instant lies; the grid's begin and mesh are whole seconds."""

    name = "cell"
    type = BigInteger()
    inherit_cache = True


@compiles(Micros, "sqlite")
def _micros_sqlite(element: Micros, compiler: SQLCompiler, **more: Any) -> str:
    start, end = (compiler.process(one, **more) for one in element.clauses)
    seconds = f"{_second(end)} - {_second(start)}"
    return f"(({seconds}) * 1000000 + CAST(substr({end}, 21, 6) AS INTEGER) - CAST(substr({start}, 21, 6) AS INTEGER))"


@compiles(Micros, "postgresql")
def _micros_postgresql(element: Micros, compiler: SQLCompiler, **more: Any) -> str:
    start, end = (compiler.process(one, **more) for one in element.clauses)
    return f"CAST(extract(epoch from ({end} - {start})) * 1000000 AS BIGINT)"


@compiles(Cell, "sqlite")
def _cell_sqlite(element: Cell, compiler: SQLCompiler, **more: Any) -> str:
    at, base, mesh = (compiler.process(one, **more) for one in element.clauses)
    return f"(({_second(at)} - {base}) / {mesh})"


@compiles(Cell, "postgresql")
def _cell_postgresql(element: Cell, compiler: SQLCompiler, **more: Any) -> str:
    at, base, mesh = (compiler.process(one, **more) for one in element.clauses)
    return f"CAST(floor((extract(epoch from {at}) - {base}) / {mesh}) AS BIGINT)"


def _second(at: str) -> str:
    # Without its fraction: SQLite would round it to ms, and the second with it.
    return f"CAST(strftime('%s', substr({at}, 1, 19)) AS INTEGER)"


def micros(start: ColumnElement[Any], end: ColumnElement[Any]) -> ColumnElement[int]:
    """Return the time between two instants (µs)."""
    return Micros(start, end)


def cell(at: ColumnElement[Any], base: int, mesh: int) -> ColumnElement[int]:
    """Return the mesh of an instant."""
    return Cell(at, literal(base, BigInteger), literal(mesh, BigInteger))


def count(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
    """Return how many rows meet the conditions."""
    return func.sum(case((and_(*conditions), 1), else_=0), type_=BigInteger())


def total(value: ColumnElement[Any], *conditions: ColumnElement[bool]) -> ColumnElement[int]:
    """Return the sum of a value over the rows that meet the conditions, 0 of nothing or of nulls."""
    of = case((and_(*conditions), value)) if conditions else value
    return func.coalesce(func.sum(of), 0, type_=BigInteger())


def longest(value: ColumnElement[Any], condition: ColumnElement[bool]) -> ColumnElement[int]:
    """Return the greatest value of the rows that meet the condition, 0 of none."""
    return func.coalesce(func.max(case((condition, value))), 0, type_=BigInteger())


def first_of(*instants: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the first instant that is known."""
    return func.coalesce(*instants, type_=Instant())
