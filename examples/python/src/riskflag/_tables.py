"""Tables of other libraries as native ones: numbers where they lie, texts and categories by their levels."""

import numpy as np

from . import _native


def is_pandas(X):
    return type(X).__module__.partition(".")[0] == "pandas" and hasattr(X, "columns")


def is_frame(X):
    """Whether X has named, typed columns: pandas, or anything with Arrow's stream (polars, pyarrow, DuckDB, ...)."""
    return is_pandas(X) or hasattr(X, "__arrow_c_stream__")


def table_of(X):
    """A frame as a native table. pandas goes column by column, so that it needs no pyarrow; all others hand over Arrow's stream."""
    table = _native.Table()
    if not is_pandas(X):
        table.add_arrow(X.__arrow_c_stream__())
        return table
    for name in X.columns:
        _add_series(table, str(name), X[name])
    return table


def matrix_of(X, names):
    """A numpy matrix of float64 or float32 as a native table."""
    table = _native.Table()
    table.add_matrix([str(name) for name in names], X)
    return table


def _add_series(table, name, series):
    import pandas as pd

    if getattr(series, "ndim", 1) != 1:
        raise ValueError(f'column "{name}" stands in the frame twice; names are unique')
    kind = series.dtype
    if isinstance(kind, pd.CategoricalDtype):
        table.add_category(name, np.asarray(series.cat.codes, dtype=np.int32), [_level(level) for level in series.cat.categories])
    elif pd.api.types.is_datetime64_any_dtype(kind):
        days = series.to_numpy(dtype="datetime64[D]")
        table.add_dates(name, np.where(np.isnat(days), np.nan, days.astype(np.int64).astype(np.float64)))
    elif pd.api.types.is_bool_dtype(kind) or pd.api.types.is_numeric_dtype(kind):
        plain = isinstance(kind, np.dtype) and kind.kind in "biuf" and kind.itemsize <= 8 and kind != np.float16
        table.add_numbers(name, series.to_numpy() if plain else series.to_numpy(dtype=np.float64, na_value=np.nan))
    else:
        inferred = series.infer_objects()
        if inferred.dtype != kind and isinstance(inferred.dtype, np.dtype) and inferred.dtype != object:
            _add_series(table, name, inferred)
            return
        codes, levels = pd.factorize(series)
        if any(not isinstance(level, (str, bool, int, float, np.generic)) for level in levels):
            raise ValueError(f'column "{name}" holds {type(levels[0]).__name__} objects; accepted: numbers, strings, categories, dates')
        table.add_category(name, codes.astype(np.int32), [_level(level) for level in levels])


def _level(value):
    """A level's text; a number's is the shortest, as in a CSV file."""
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value)
