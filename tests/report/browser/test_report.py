"""The report as people meet it: a real Chromium, without a window, opens the file.

RISKFLAG_BIN_DIR names the folder with the built programs; selenium, chromium and chromium-driver are needed.
RISKFLAG_SCREENSHOTS names a folder that keeps the pictures. `picture REPORT.html OUT.png` draws the one in the README.
"""
import base64
import json
import os
import random
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

from selenium import webdriver

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "programs"))
import driver  # noqa: E402

FOLDER = None
REPORTS = {}  # name -> file


def must(name, *args):
    done = driver.run(name, *args)
    assert done.returncode == 0, done.stderr


def hard_table(path):
    """Rows that repeat, long names, columns that give the target away, protected columns of many levels."""
    rng = random.Random(7)
    header = ["key", "a_column_whose_name_has_no_place_to_break_" * 3, "x", "z", "copy of the target", "town", "street", "y"]
    rows = []
    for i in range(4000):
        person = random.Random(rng.randrange(900))
        x, z, y = person.gauss(0, 1), person.gauss(0, 1), person.random() < 0.3
        rows.append([i, person.choice(["<b>bold</b>", "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch", "c"]), x, z, "ny"[y],
                     f"town {person.randrange(90)}", f"a street of no end at all, number {person.randrange(300)}", int(y)])
    driver.write_table(path, header, rows)


def setUpModule():
    global FOLDER
    FOLDER = Path(tempfile.mkdtemp(prefix="riskflag-report-"))
    must("simulate", "--rows", 6000, "--seed", 7, "--output", FOLDER / "loans.csv", "--quiet")
    must("train", "--data", FOLDER / "loans.csv", "--target", "Risk_Flag", "--id", "Id", "--protected", "Sex", "--output", FOLDER / "loans",
         "--report", FOLDER / "loans.html", "--set", "num_iterations=60", "--set", "metric=binary_logloss,auc", "--quiet")
    hard_table(FOLDER / "hard.csv")
    must("train", "--data", FOLDER / "hard.csv", "--target", "y", "--protected", "town", "--protected", "street", "--output", FOLDER / "hard",
         "--report", FOLDER / "hard.html", "--set", "num_iterations=5", "--quiet")
    must("train", "--data", FOLDER / "loans.csv", "--target", "Income", "--objective", "regression", "--id", "Id", "--output", FOLDER / "income",
         "--report", FOLDER / "income.html", "--set", "num_iterations=20", "--quiet")
    must("train", "--data", FOLDER / "loans.csv", "--target", "House_Ownership", "--objective", "multiclass", "--id", "Id", "--output",
         FOLDER / "house", "--report", FOLDER / "house.html", "--set", "num_iterations=5", "--quiet")
    for name in ("loans", "hard", "income", "house"):
        REPORTS[name] = FOLDER / (name + ".html")


def tearDownModule():
    shutil.rmtree(FOLDER)


class Browser:
    def __init__(self, file, scheme="light", media="", width=1280, phone=False):
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--lang=en"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": [{"name": "prefers-color-scheme", "value": scheme}]})
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                    {"width": width, "height": 740 if phone else 1000, "deviceScaleFactor": 2 if phone else 1, "mobile": phone})
        self.url = Path(file).resolve().as_uri()
        self.driver.get(self.url)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.driver.quit()

    def js(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def picture(self, path, height=None, scale=1):
        """The whole page, or its beginning."""
        width, whole = self.js("return [innerWidth, document.documentElement.scrollHeight]")
        clip = {"x": 0, "y": 0, "width": width, "height": min(height or whole, whole), "scale": scale}
        shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png", "captureBeyondViewport": True, "clip": clip})
        Path(path).write_bytes(base64.b64decode(shot["data"]))

    def keep(self, name):
        if folder := os.environ.get("RISKFLAG_SCREENSHOTS"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.picture(Path(folder) / (name + ".png"))

    def asked_for(self):
        """Every address that the page made the browser look at."""
        events = (json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance"))
        return {event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"}


# Each text of the page with its colour on its ground: what has no ground of its own stands on its parent's.
CONTRASTS = """
const light = c => { const [r, g, b] = c.map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b };
const parts = c => c.match(/[0-9.]+/g).map(Number);
const ground = e => { for (; e; e = e.parentElement) { const c = parts(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c.slice(0, 3) } return [255, 255, 255] };
const seen = {}, walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walk.nextNode()) {
  const e = walk.currentNode.parentElement;
  if (!walk.currentNode.data.trim() || ["TITLE", "desc", "title"].includes(e.tagName)) continue;
  const style = getComputedStyle(e), ink = parts(e.namespaceURI.endsWith("svg") ? style.fill : style.color).slice(0, 3);
  const [a, b] = [light(ink), light(ground(e))].sort((x, y) => y - x);
  seen[e.tagName + "." + (e.getAttribute("class") || "")] = (a + 0.05) / (b + 0.05);
}
return seen;"""

# Words of charts that leave their figure by more than half a number at the end of an axis.
STRAY = """
return [...document.querySelectorAll("figure svg text, .bars svg text")].filter(t => {
  const box = t.getBoundingClientRect(), room = t.closest("figure, .bars").getBoundingClientRect();
  return box.width > 0 && (box.left < room.left - 6 || box.right > room.right + 6 || box.bottom > room.bottom + 2);
}).map(t => t.textContent);"""


class Report(unittest.TestCase):
    def test_nothing_is_loaded_and_nothing_complains(self):
        for name, file in REPORTS.items():
            with self.subTest(report=name), Browser(file) as page:
                self.assertEqual(page.js("return document.readyState"), "complete")
                self.assertEqual({url for url in page.asked_for() if not url.startswith("data:")}, {page.url})
                self.assertEqual(page.driver.get_log("browser"), [])
                self.assertEqual(page.js("return document.scripts.length + document.querySelectorAll('link, img, iframe, object').length"), 0)
                self.assertEqual(page.js("return document.compatMode"), "CSS1Compat")
                self.assertGreater(page.js("return document.querySelectorAll('h2').length"), 5)

    def test_light_and_dark_follow_the_device_and_can_be_read(self):
        for scheme, low, high in (("light", 600, 766), ("dark", 0, 150)):
            for name in ("loans", "hard"):
                with self.subTest(scheme=scheme, report=name), Browser(REPORTS[name], scheme=scheme) as page:
                    ground = page.js("return getComputedStyle(document.body).backgroundColor")
                    brightness = sum(map(int, ground[4:-1].split(", ")))
                    self.assertTrue(low <= brightness < high, ground)
                    contrasts = page.js(CONTRASTS)
                    self.assertGreater(len(contrasts), 15)
                    self.assertEqual({where: c for where, c in contrasts.items() if c < 4.5}, {})  # WCAG 2.2, AA
                    page.keep(f"report-{name}-{scheme}")

    def test_no_report_is_wider_than_a_phone_or_a_window(self):
        for name, file in REPORTS.items():
            for width, phone in ((360, True), (768, False), (1280, False)):
                with self.subTest(report=name, width=width), Browser(file, width=width, phone=phone) as page:
                    self.assertEqual(page.js("return innerWidth"), width)
                    self.assertLessEqual(page.js("return document.documentElement.scrollWidth"), width)
                    self.assertEqual(page.js(STRAY), [])
                    page.keep(f"report-{name}-{width}")

    def test_printed_it_is_dark_on_white_whatever_the_screen_and_fits_the_paper(self):
        for name in REPORTS:
            with self.subTest(report=name), Browser(REPORTS[name], scheme="dark", media="print", width=688) as page:  # A4 less its margins
                self.assertEqual(page.js("return getComputedStyle(document.body).backgroundColor"), "rgb(255, 255, 255)")
                self.assertLessEqual(page.js("return document.documentElement.scrollWidth"), 688)
                cut = page.js("return [...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent.slice(0, 80))")
                self.assertEqual(cut, [])  # on paper nobody scrolls
                page.keep(f"report-{name}-print")
                pdf = base64.b64decode(page.driver.execute_cdp_cmd("Page.printToPDF", {"printBackground": False, "preferCSSPageSize": True})["data"])
                self.assertTrue(pdf.startswith(b"%PDF-"))
                if folder := os.environ.get("RISKFLAG_SCREENSHOTS"):
                    (Path(folder) / f"report-{name}.pdf").write_bytes(pdf)


if __name__ == "__main__":
    if sys.argv[1:2] == ["picture"]:
        with Browser(sys.argv[2], width=1080) as readme:
            readme.picture(sys.argv[3], 2880, 760 / 1080)
    else:
        unittest.main(verbosity=2)
