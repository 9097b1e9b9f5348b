R"py(
"""Raw cells of a pandas frame as the doubles that the pipeline takes, by schema.json's rules."""
import datetime
import re

import numpy as np
import pandas as pd

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\Z", re.ASCII)
_EPOCH = datetime.date(1970, 1, 1).toordinal()
_MONTHS = ("january february march april may june july august september october november december").split()


def _parse_number(text):
    if not _NUMBER.match(text):
        return None
    value = float(text)
    return value if np.isfinite(value) else None


def _number_text(value):
    """A number as a level would be written: 1.0 is "1"."""
    value = float(value)
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _date_pattern(form):
    parts = {"Y": r"(?P<Y>\d{4})", "y": r"(?P<y>\d{2})", "m": r"(?P<m>\d{1,2})", "d": r"(?P<d>\d{1,2})",
             "H": r"(?P<H>\d{1,2})", "M": r"(?P<M>\d{1,2})", "S": r"(?P<S>\d{1,2})", "b": r"(?P<b>[A-Za-z]+)"}
    out, i = "", 0
    while i < len(form):
        if form[i] == "%" and i + 1 < len(form) and form[i + 1] in parts:
            out += parts[form[i + 1]]
            i += 2
        else:
            out += re.escape(form[i])
            i += 1
    if form == "%Y-%m-%d":
        out += r"([Tt ](?P<H>\d{1,2}):(?P<M>\d{1,2})(:(?P<S>\d{1,2})(\.\d+)?)?([Zz]|[+-]\d{2}:?\d{2})?)?"
    return re.compile(out + r"\Z", re.ASCII)


class Refusal(Exception):
    """A cell that its field does not take."""

    def __init__(self, value, expected):
        super().__init__(expected)
        self.value, self.expected = value, expected


class Field:
    def __init__(self, document, missing):
        self.name, self.type, self.required = document["name"], document["type"], document["required"]
        self.missing = set(missing) | set(document["missing"])
        self.special = [float(x) for x in document["special"]]
        self.minimum, self.maximum = document["minimum"], document["maximum"]
        self.unseen_is_error = document["unseen"] == "error"
        self.rules = document["text_rules"]
        self.levels = {self._ruled(level): float(k) for k, level in enumerate(document["levels"])}
        self.tokens = [float(t) for t in self.missing if _NUMBER.match(t)]
        self.date_format = document["date_format"]
        self.date = _date_pattern(self.date_format) if self.type == "date" else None

    def _refuse(self, row, refusal):
        raise ValueError(f"row {row + 1}: field {self.name!r} has {refusal.value!r}; {refusal.expected} is accepted")

    def _ruled(self, text):
        if self.rules["underscores_as_blanks"]:
            text = text.replace("_", " ")
        if self.rules["ignore_case"]:
            text = "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in text)
        if self.rules["collapse_blanks"]:
            text = re.sub(r"[ \t\r\n\f\v]+", " ", text).strip(" ")
        return text

    def read(self, column):
        if self.type == "number":
            return self._numbers(column)
        return self._cells(column, self._level if self.type == "category" else self._day)

    def _cells(self, column, read):
        """Each distinct cell once: tables have few."""
        codes, values = pd.factorize(column, use_na_sentinel=True)
        table = np.full(len(values) + 1, np.nan)  # code -1, missing, is the last one
        for k, value in enumerate(values):
            try:
                table[k] = read(value)
            except Refusal as refusal:
                self._refuse(int(np.argmax(codes == k)), refusal)
        return table[codes]

    def _numbers(self, column):
        if column.dtype == bool or any(isinstance(x, (bool, np.bool_)) for x in _sample(column)):
            self._refuse(0, Refusal(column.iloc[0] if len(column) else None, "a number"))
        if pd.api.types.is_numeric_dtype(column.dtype):
            values = column.to_numpy(dtype=np.float64, na_value=np.nan)
        else:
            values = self._cells(column, self._number)
        infinite = np.isinf(values)
        if infinite.any():
            row = int(np.argmax(infinite))
            self._refuse(row, Refusal(values[row], "a finite number"))
        if self.tokens:
            values = np.where(np.isin(values, self.tokens), np.nan, values)
        if self.minimum is not None or self.maximum is not None:
            low = -np.inf if self.minimum is None else float(self.minimum)
            high = np.inf if self.maximum is None else float(self.maximum)
            outside = ((values < low) | (values > high)) & ~np.isin(values, self.special)
            if outside.any():
                row = int(np.argmax(outside))
                self._refuse(row, Refusal(values[row], f"a number from {low} to {high}"))
        return values

    def _number(self, value):
        if isinstance(value, str):
            if value in self.missing:
                return np.nan
            number = _parse_number(value)
            if number is None:
                raise Refusal(value, "a number")
            return number
        return float(value)

    def _level(self, value):
        if isinstance(value, (bool, np.bool_)):
            text = "true" if value else "false"
        elif isinstance(value, (int, float, np.number)):
            text = _number_text(value)
        else:
            text = str(value)
        code = self.levels.get(self._ruled(text))
        if code is not None:
            return code
        if text in self.missing:
            return np.nan
        if self.unseen_is_error:
            raise Refusal(value, "one of " + ", ".join(list(self.levels)[:10]))
        return -1.0

    def _day(self, value):
        if isinstance(value, (datetime.datetime, datetime.date, np.datetime64)):
            return float(pd.Timestamp(value).date().toordinal() - _EPOCH)
        if value in self.missing:
            return np.nan
        match = self.date.match(str(value))
        if match:
            part = match.groupdict()
            number = lambda key, otherwise: otherwise if part.get(key) is None else int(part[key])
            year = number("Y", None)
            if year is None:
                year = number("y", 0)
                year += 2000 if year < 69 else 1900
            month = number("m", 1)
            if part.get("b"):
                names = [i for i, name in enumerate(_MONTHS) if part["b"].lower() in (name, name[:3])]
                month = names[0] + 1 if names else 0
            good_time = number("H", 0) <= 23 and number("M", 0) <= 59 and number("S", 0) <= 60
            try:
                if good_time:
                    return float(datetime.date(year, month, number("d", 1)).toordinal() - _EPOCH)
            except ValueError:
                pass
        raise Refusal(value, f"a date of the form {self.date_format}")


def _sample(column):
    return column.iloc[:100] if column.dtype == object else ()


class Fields:
    def __init__(self, schema):
        if schema["format"] != 1:
            raise ValueError(f"schema.json: format {schema['format']}, this code reads 1; use a newer riskflag")
        self.fields = [Field(f, schema["missing"]) for f in schema["fields"] if f["role"] == "feature"]
        self.target_levels = schema["target_levels"]

    def read(self, frame):
        """One array of doubles for each field; columns are found by name, others are left aside."""
        absent = [f.name for f in self.fields if f.required and f.name not in frame.columns]
        if absent:
            raise ValueError("required columns are absent: " + ", ".join(absent))
        out = []
        for field in self.fields:
            if field.name in frame.columns:
                out.append(field.read(frame[field.name]))
            else:
                out.append(np.full(len(frame), np.nan))
        return out
)py"
