"""What mlflow.pyfunc says of a table, as a user's program asks it, where there is nothing but mlflow-skinny, pandas and numpy.

python alone.py MODEL TABLE.csv SCORES.npy [PACKAGES], with PACKAGES for site-packages; prints the modules that were imported.
"""
import sys

model, table, scores, *packages = sys.argv[1:]
sys.path[:0] = packages

import mlflow  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

frame = pd.read_csv(table, float_precision="round_trip")
frame = frame.astype({name: np.float64 for name in frame.columns if frame[name].dtype == np.int64})
np.save(scores, np.asarray(mlflow.pyfunc.load_model(model).predict(frame)))
print(*sorted({name.split(".")[0] for name in sys.modules}))
