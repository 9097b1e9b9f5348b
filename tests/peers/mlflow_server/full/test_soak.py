"""200 runs of 1,000 metrics from eight processes: minutes. tests/peers/run.sh --full runs it."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import soak  # noqa: E402
from real_server import RealServerTest  # noqa: E402


class Soak(RealServerTest):
    def test_200_runs_of_1000_metrics_from_8_processes_lose_nothing_and_are_there_once(self):
        soak.tell(self, journals=8, runs=25, keys=10, steps=100, experiment="long-soak")


if __name__ == "__main__":
    unittest.main()
