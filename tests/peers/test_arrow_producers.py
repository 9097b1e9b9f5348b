"""Tables of pyarrow and polars in our hands, through Arrow's C data interface: record batches as they are (offsets, validity bits, dictionaries,
views) scored without a copy, and taken into a frame and given back.

Compiles arrow_driver.cpp with $CXX (default c++) as a shared library.
"""
import ctypes
import datetime
import pathlib
import unittest

import absent
import drivers

try:
    import numpy as np
    import polars as pl
    import pyarrow as pa
except ImportError as missing:
    absent.skip_or_fail(__file__, missing)

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
MODEL = ROOT / "tests" / "bits" / "models" / "leafwise.json"  # f0..f7; f2 and f4 are categories
ROWS = 1000


class Struct(ctypes.Structure):
    """Room for an ArrowSchema (9 words) or an ArrowArray (10)."""
    _fields_ = [("words", ctypes.c_void_p * 10)]


class ArrowProducers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.library = ctypes.CDLL(drivers.compiled_for(cls, "arrow_driver", "-O1", "-shared", "-fPIC"))
        cls.library.margins_of.restype = ctypes.c_int64
        ctypes.pythonapi.PyCapsule_GetPointer.restype = ctypes.c_void_p
        ctypes.pythonapi.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]

    def batches(self, producer):
        """(schema, array) of each batch that pyarrow's or polars's own __arrow_c_stream__ hands over; released afterwards."""
        capsule = producer.__arrow_c_stream__()
        stream = ctypes.c_void_p(ctypes.pythonapi.PyCapsule_GetPointer(capsule, b"arrow_array_stream"))
        while True:
            schema, array = Struct(), Struct()
            more = self.library.next_batch(stream, ctypes.byref(schema), ctypes.byref(array))
            self.assertGreaterEqual(more, 0)
            if more:
                yield schema, array
            self.library.release_batch(ctypes.byref(schema), ctypes.byref(array))
            if not more:
                return

    def margins(self, producer, places=None):
        out = []
        for schema, array in self.batches(producer):
            length = array.words[0] or 0
            block = np.full(length if places is None else places, np.nan)
            message = ctypes.create_string_buffer(500)
            rows = self.library.margins_of(str(MODEL).encode(), ctypes.byref(schema), ctypes.byref(array), block.ctypes.data_as(ctypes.c_void_p),
                                           ctypes.c_size_t(len(block)), message, ctypes.c_size_t(500))
            if rows < 0:
                raise RuntimeError(message.value.decode())
            self.assertEqual(rows, length)
            out.append(block)
        return np.concatenate([*out, np.empty(0)])  # of an empty table there may be no batch

    def frames(self, producer):
        """The batches through our frame, as one pyarrow table."""
        out = []
        for schema, array in self.batches(producer):
            schema_out, array_out, message = Struct(), Struct(), ctypes.create_string_buffer(500)
            if self.library.through_frame(ctypes.byref(schema), ctypes.byref(array), ctypes.byref(schema_out), ctypes.byref(array_out), message,
                                          ctypes.c_size_t(500)) != 0:
                raise RuntimeError(message.value.decode())
            out.append(pa.RecordBatch._import_from_c(ctypes.addressof(array_out), ctypes.addressof(schema_out)))
        return pa.Table.from_batches(out)

    def columns(self, seed=1, rows=ROWS):
        rng = np.random.default_rng(seed)
        out = {}
        for f in range(8):
            values = rng.integers(0, 20 if f == 4 else 3, rows).astype(float) if f in (2, 4) else np.round(rng.normal(size=rows), 3)
            out[f"f{f}"] = [None if rng.random() < 0.2 and f % 3 else float(x) for x in values]
        return out

    def expected(self, columns):
        """Plain doubles with NaN, no validity bits: the path that everything else is compared with."""
        plain = {name: pa.array(np.array([np.nan if x is None else x for x in values])) for name, values in columns.items()}
        return self.margins(pa.RecordBatch.from_pydict(plain))

    def test_nulls_types_and_order_of_columns(self):
        columns = self.columns()
        want = self.expected(columns)
        self.assertGreater(len(np.unique(want)), 100)
        types = {"f0": pa.float64(), "f1": pa.float64(), "f2": pa.int8(), "f3": pa.float64(), "f4": pa.uint16(), "f5": pa.float64(), "f6": pa.float64(),
                 "f7": pa.float64()}
        named = {"other": pa.array(["x"] * ROWS), **{name: pa.array(columns[name], type=types[name]) for name in reversed(columns)}}
        np.testing.assert_array_equal(self.margins(pa.RecordBatch.from_pydict(named)), want)
        np.testing.assert_array_equal(self.margins(pl.DataFrame(columns)), want)
        as_polars = pl.DataFrame(columns).with_columns(pl.col("f2").cast(pl.Int8), pl.col("f4").cast(pl.UInt32), pl.lit("x").alias("other"))
        np.testing.assert_array_equal(self.margins(as_polars.select(sorted(as_polars.columns, reverse=True))), want)
        floats = {name: [None if x is None else float(np.float32(x)) for x in values] for name, values in columns.items()}
        np.testing.assert_array_equal(self.margins(pl.DataFrame(floats, schema={name: pl.Float32 for name in floats})), self.expected(floats))

    def test_slices_and_chunks(self):
        columns = self.columns(2)
        want = self.expected(columns)
        batch = pa.RecordBatch.from_pydict({name: pa.array(values, type=pa.float64()) for name, values in columns.items()})
        frame = pl.DataFrame(columns)
        for start, length in [(0, 7), (1, 64), (3, 500), (13, ROWS - 13), (ROWS, 0)]:
            with self.subTest(start=start, length=length):
                np.testing.assert_array_equal(self.margins(pa.Table.from_batches([batch.slice(start, length)])), want[start:start + length])
                np.testing.assert_array_equal(self.margins(frame.slice(start, length)), want[start:start + length])
        chunks = pa.concat_tables([pa.Table.from_batches([batch.slice(0, 333)]), pa.Table.from_batches([batch.slice(333)])])
        np.testing.assert_array_equal(self.margins(chunks), want)
        np.testing.assert_array_equal(self.margins(pl.concat([frame[:101], frame[101:]], rechunk=False)), want)

    def test_a_struct_array_with_an_offset_and_nulls_of_its_own(self):
        columns = self.columns(3)
        want = self.expected(columns)
        arrays = [pa.array(columns[name], type=pa.float64()) for name in columns]
        mask = np.arange(ROWS) % 5 == 0
        struct = pa.StructArray.from_arrays(arrays, names=list(columns), mask=pa.array(mask)).slice(11, 700)
        schema, array = Struct(), Struct()
        struct._export_to_c(ctypes.addressof(array), ctypes.addressof(schema))
        got, message = np.full(700, np.nan), ctypes.create_string_buffer(500)
        rows = self.library.margins_of(str(MODEL).encode(), ctypes.byref(schema), ctypes.byref(array), got.ctypes.data_as(ctypes.c_void_p),
                                       ctypes.c_size_t(700), message, ctypes.c_size_t(500))
        self.library.release_batch(ctypes.byref(schema), ctypes.byref(array))
        self.assertEqual(rows, 700, message.value)
        nothing = self.expected({name: [None] for name in columns})[0]
        np.testing.assert_array_equal(got, np.where(mask, nothing, want)[11:711])

    def test_what_is_refused(self):
        columns = {name: pa.array(values, type=pa.float64()) for name, values in self.columns().items()}
        for changed, words in [({"f3": pa.array(["1"] * ROWS)}, 'column "f3".*"u"'), ({"f2": pa.array(["a"] * ROWS).dictionary_encode()}, "with a dictionary"),
                               ({"f5": pa.array([None] * ROWS, type=pa.timestamp("us"))}, 'column "f5".*"tsu:"')]:
            with self.subTest(changed=list(changed)), self.assertRaisesRegex(RuntimeError, words):
                self.margins(pa.RecordBatch.from_pydict({**columns, **changed}))
        with self.assertRaisesRegex(RuntimeError, 'column "f7": the batch does not have it'):
            self.margins(pa.RecordBatch.from_pydict({name: columns[name] for name in list(columns)[:-1]}))
        with self.assertRaisesRegex(RuntimeError, "out: 999 places; 1000 are needed"):
            self.margins(pa.RecordBatch.from_pydict(columns), places=999)

    def test_through_a_frame(self):
        rng = np.random.default_rng(4)
        homes = ["OWN", "RENT", "a home whose name is longer than a view", "Zürich", ""]
        home = [None if rng.random() < 0.1 else str(rng.choice(homes)) for _ in range(ROWS)]
        ids = [f"applicant number {i}" if i % 3 else f"{i}" for i in range(ROWS)]
        opened = [None if i % 7 == 0 else datetime.date(2020, 1, 1) + datetime.timedelta(days=i) for i in range(ROWS)]
        table = {"home": home, "grade": home, "id": ids, "opened": opened, "x": self.columns(5)["f1"], "flag": [i % 2 == 0 for i in range(ROWS)]}
        arrow = pa.table({**table, "grade": pa.array(home).dictionary_encode()})
        view = arrow.set_column(0, "home", arrow["home"].cast(pa.string_view()))
        polars = pl.DataFrame(table, schema_overrides={"grade": pl.Categorical})
        for producer, start in [(arrow, 0), (arrow.slice(17, 500), 17), (view, 0), (view.slice(3, 111), 3), (polars, 0), (polars.slice(29, 600), 29)]:
            got = self.frames(producer)
            with self.subTest(producer=type(producer), start=start):
                self.assertEqual(got.schema.field("home").type, pa.dictionary(pa.int32(), pa.large_string()))
                self.assertEqual(got.schema.field("id").type, pa.large_string())
                for name, values in table.items():
                    want = [float(x) if isinstance(x, bool) else x for x in values[start:start + got.num_rows]]
                    self.assertEqual(got[name].to_pylist(), want)
        with self.assertRaisesRegex(RuntimeError, 'arrow column "t".*tsu:'):
            self.frames(pl.DataFrame({"t": [datetime.datetime(2026, 1, 1)]}))


if __name__ == "__main__":
    unittest.main()
