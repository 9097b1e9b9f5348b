"""The page at / as people meet it: a real Chromium, without a window, against a running riskflag-serve.

RISKFLAG_BIN_DIR names the folder with the built programs; selenium, chromium and chromium-driver are needed.
RISKFLAG_SCREENSHOTS names a folder that keeps the pictures.
"""
import csv
import hashlib
import io
import json
import os
import shutil
import sys
import tempfile
import time
import unittest
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "programs"))
import serving  # noqa: E402
from serving import BIN, must, run  # noqa: E402

FOLDER = MODEL = None
ROWS = []  # the applicants of new.csv
SCORES = []  # what riskflag-score says of them
# A level that is markup where a page is careless; it must be shown as it stands.
ODD = "<img src=x onerror=document.title='odd'>"


def simulate(name, *flags):
    must(BIN / "riskflag-simulate", "--output", FOLDER / name, "--quiet", *flags)
    text = (FOLDER / name).read_text()
    (FOLDER / name).write_text(text.replace(",Nurse,", f",{ODD},"))
    return FOLDER / name


def scored(path, *flags):
    """riskflag-score's rows for that file."""
    out = FOLDER / "scores.csv"
    done = run(BIN / "riskflag-score", "--model", MODEL, "--data", path, "--output", out, "--quiet", "--allow-bad-rows", *flags)
    assert done.returncode == 0, done.stderr
    with open(out, newline="") as file:
        return list(csv.DictReader(file))


def table(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def setUpModule():
    global FOLDER, MODEL, ROWS, SCORES
    FOLDER = Path(tempfile.mkdtemp(prefix="riskflag-page-"))
    train = simulate("train.csv", "--rows", 6000, "--seed", 7)
    must(BIN / "riskflag-train", "--data", train, "--target", "Risk_Flag", "--id", "Id", "--protected", "Sex", "--output", FOLDER / "loans",
         "--set", "num_iterations=40", "--quiet")
    MODEL = FOLDER / "loans"
    ROWS = table(simulate("new.csv", "--rows", 2500, "--seed", 8, "--applicants"))
    SCORES = scored(FOLDER / "new.csv", "--explain", 5)


def tearDownModule():
    shutil.rmtree(FOLDER)


def until(condition, seconds=30):
    """What `condition` gives once it is true."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise AssertionError("not within the time: " + repr(found))
        time.sleep(0.05)
    return found


class Browser:
    def __init__(self, url, scheme="light", phone=False):
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--window-size=1280,1000", "--lang=en"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        options.add_experimental_option("prefs", {"download.default_directory": str(FOLDER / "downloads")})
        self.driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
        if phone:
            self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True})
        self.driver.get(url)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.driver.quit()

    def id(self, name):
        return self.driver.find_element(By.ID, name)

    def text(self, name):
        return self.id(name).text

    def field(self, name):
        return until(lambda: self.driver.find_elements(By.CSS_SELECTOR, f'[data-field="{name}"]'))[0]

    def js(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def put(self, name, value):
        """Types a value as a person would."""
        field = self.field(name)
        if field.tag_name == "select":
            Select(field).select_by_value(value)
        elif field.get_attribute("type") == "date":
            year, month, day = value.split("-") if value else ("", "", "")
            field.send_keys(month + day + year) if value else field.send_keys(Keys.DELETE)
        else:
            field.clear()
            field.send_keys(value)
            if field.get_attribute("role") == "combobox" and value:
                field.send_keys(Keys.ARROW_DOWN, Keys.ENTER)

    def fill(self, row):
        for element in self.driver.find_elements(By.CSS_SELECTOR, "[data-field]"):
            name = element.get_attribute("data-field")
            self.put(name, row[name])

    def submit(self):
        """The answer's digits."""
        before = self.decision()
        self.id("score").click()
        return self.answer_after(before)

    def decision(self):
        return self.id("decision").get_property("textContent")

    def answer_after(self, before):
        until(lambda: self.decision() not in ("", before))
        return self.id("probability").get_property("textContent")

    def complaints(self):
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def keep(self, name):
        if folder := os.environ.get("RISKFLAG_SCREENSHOTS"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.driver.save_screenshot(str(Path(folder) / (name + ".png")))


class Page(unittest.TestCase):
    def setUp(self):
        self.server = self.enterContext(serving.Server(MODEL))
        self.url = f"http://127.0.0.1:{self.server.port}/"

    def open(self, view="applicant", **how):
        browser = self.enterContext(Browser(self.url + "#" + view, **how))
        until(lambda: browser.driver.find_elements(By.CSS_SELECTOR, "[data-field]"))
        return browser

    def one(self, row):
        """riskflag-score's digits for one applicant."""
        with open(FOLDER / "one.csv", "w", newline="") as file:
            writer = csv.DictWriter(file, row.keys())
            writer.writeheader()
            writer.writerow(row)
        return scored(FOLDER / "one.csv")[0]["probability"]

    def test_a_filled_form_is_answered_with_the_digits_of_riskflag_score(self):
        page = self.open()
        odd = next(i for i, row in enumerate(ROWS) if row["Profession"] == ODD)
        for i in (0, 1, odd):
            page.fill(ROWS[i])
            self.assertEqual(page.submit(), SCORES[i]["probability"])
            self.assertIn(SCORES[i]["risk"], page.text("risk"))
            codes = [SCORES[i][f"reason_{k}"] for k in range(1, 6) if SCORES[i][f"reason_{k}"]]
            shown = [item.text for item in page.driver.find_elements(By.CSS_SELECTOR, "#reasons .row span:first-child")]
            self.assertEqual(shown, codes)
            self.assertIn(SCORES[i]["risk"] + " risk", page.id("spoken").get_property("textContent"))
        self.assertNotEqual(page.driver.title, "odd")
        self.assertEqual(page.js("return document.querySelectorAll('img, script[src], link, iframe').length"), 0)
        self.assertEqual(page.complaints(), [])
        elsewhere = page.js("return performance.getEntriesByType('resource').map(e => new URL(e.name).origin).filter(o => o !== location.origin)")
        self.assertEqual(elsewhere, [])
        self.assertEqual(page.js("return localStorage.length + sessionStorage.length"), 0)

    def test_the_sample_applicant_and_a_missing_value_are_scored(self):
        page = self.open()
        page.id("sample").click()
        example = json.loads(self.server.ask("GET", "/v1/schema")[2])["examples"][0]
        row = {name: "" if value is None else str(value) for name, value in example.items()}
        self.assertEqual({name: page.field(name).get_property("value") for name in row}, row)
        self.assertEqual(page.submit(), self.one(row))
        page.id("clear").click()
        self.assertFalse(page.id("has-answer").is_displayed())
        page.fill({**ROWS[3], "utilisation": "", "Car_Ownership": "", "Profession": "", "credit_history_start": ""})
        self.assertEqual(page.submit(), self.one({**ROWS[3], "utilisation": "", "Car_Ownership": "", "Profession": "", "credit_history_start": ""}))

    def test_what_if_moves_the_score_beside_the_first_answer_and_back(self):
        page = self.open()
        page.fill(ROWS[0])
        first = page.submit()
        before = page.decision()
        page.put("past_due_30", "4")
        changed = page.answer_after(before)
        self.assertEqual(changed, self.one({**ROWS[0], "past_due_30": "4"}))
        self.assertNotEqual(changed, first)
        difference = 100 * (float(changed) - float(first))
        self.assertIn(f"{abs(difference):.1f} points", page.text("delta"))
        self.assertEqual(page.text("delta")[0], "+" if difference > 0 else "\u2212")
        self.assertIn("past_due_30 " + ROWS[0]["past_due_30"] + " \u2192 4", page.text("tries"))
        page.id("back").click()
        self.assertEqual(page.text("probability"), first)
        self.assertEqual(page.text("delta"), "")
        self.assertEqual(page.field("past_due_30").get_property("value"), ROWS[0]["past_due_30"])

    def test_a_bad_value_is_named_at_its_field_in_the_servers_words(self):
        page = self.open()
        page.fill(ROWS[0])
        page.put("Income", "lots")
        page.field("CITY").clear()
        page.field("CITY").send_keys("Atlantis", Keys.TAB)
        page.id("score").click()
        errors = until(lambda: page.driver.find_elements(By.CSS_SELECTOR, "[aria-invalid]"))
        self.assertEqual([error.get_attribute("data-field") for error in errors], ["Income", "CITY"])
        for error, words in zip(errors, ('"lots" is of the wrong type', '"Atlantis" is not a known level')):
            told = page.id(error.get_attribute("aria-describedby").split()[1])
            self.assertTrue(told.is_displayed())
            self.assertIn(words, told.text)
        self.assertEqual(page.js("return document.activeElement.dataset.field"), "Income")
        self.assertFalse(page.id("has-answer").is_displayed())
        page.put("Income", ROWS[0]["Income"])
        page.put("CITY", ROWS[0]["CITY"])
        self.assertEqual(page.submit(), SCORES[0]["probability"])
        self.assertEqual(page.driver.find_elements(By.CSS_SELECTOR, "[aria-invalid]"), [])

    def test_the_keyboard_alone_fills_submits_and_changes_the_view(self):
        page = self.open()
        row, keys = ROWS[5], lambda *k: ActionChains(page.driver).send_keys(*k).perform()
        active = lambda what: page.js("return document.activeElement." + what)  # noqa: E731
        keys(Keys.TAB)
        self.assertEqual(active("className"), "skip")
        self.assertGreaterEqual(page.js("return document.activeElement.getBoundingClientRect().left"), 0)
        names = page.js("return [...document.querySelectorAll('[data-field]')].map(e => e.dataset.field)")
        while active("dataset.field") != names[0]:
            keys(Keys.TAB)
            self.assertNotEqual(active("tagName"), "BODY")
        for name in names:
            self.assertEqual(active("dataset.field"), name)
            self.assertNotEqual(page.js("return getComputedStyle(document.activeElement).outlineStyle"), "none", name)
            kind, value = active("type"), row[name]
            if kind == "date":
                year, month, day = value.split("-")
                keys(month + day + year)
                keys(Keys.TAB)  # to the calendar's button
            elif kind == "select-one":
                keys(value)
            elif active("role") == "combobox" and value != ODD:
                keys(value[:3].lower())
                shown = page.js("return [...document.querySelectorAll('[role=listbox]:not([hidden]) [role=option]')].map(e => e.textContent)")
                keys(*[Keys.ARROW_DOWN] * (shown.index(value) + 1), Keys.ENTER)
            else:
                keys(value)
            keys(Keys.TAB)
        self.assertEqual(active("id"), "score")
        ActionChains(page.driver).key_down(Keys.SHIFT).send_keys(Keys.TAB).key_up(Keys.SHIFT).perform()
        self.assertEqual(active("dataset.field"), names[-1])
        keys(Keys.ENTER)
        self.assertEqual(page.answer_after(""), SCORES[5]["probability"])
        link = page.driver.find_element(By.CSS_SELECTOR, 'nav a[href="#monitor"]')
        page.js("arguments[0].focus()", link)
        keys(Keys.ENTER)
        self.assertTrue(until(lambda: page.id("view-monitor").is_displayed()))

    def test_a_file_comes_back_with_the_scores_of_riskflag_score_and_its_bad_rows(self):
        text = (FOLDER / "new.csv").read_text().splitlines()
        text[0] += ",note"
        lines = [text[0]] + [line + ',"two\nlines, ""quoted"""' if i % 7 == 0 else line + ',5" pipe' for i, line in enumerate(text[1:])]
        lines[2000] = "1,2,3"
        lines[6] = lines[6].replace("," + ROWS[5]["Income"] + ",", ",lots,", 1)
        lines[1500] = lines[1500].replace("," + ROWS[1499]["CITY"] + ",", ',"Atlantis, the old",', 1)
        path = FOLDER / "mixed.csv"
        path.write_text("\ufeff" + "\r\n\r\n".join(lines), newline="")
        want = scored(path)
        page = self.open("file")
        page.id("pick").send_keys(str(path))
        until(lambda: page.text("job-state").startswith("Done"))
        self.assertEqual(float(page.id("progress").get_property("value")), 1)
        page.id("download").click()
        got = table(until(lambda: next((FOLDER / "downloads").glob("mixed-scored.csv"), None)))
        self.assertEqual(len(got), 2500)
        bad = [int(row["row"]) for row in want if row["error"]]
        self.assertEqual(bad, [6, 1500, 2000])
        source = list(csv.DictReader(io.StringIO("\r\n".join(lines))))
        for row, answer, original in zip(want, got, source):
            self.assertEqual((answer["probability"], answer["risk"]), (row["probability"], row["risk"]))
            self.assertEqual(bool(answer["error"]), bool(row["error"]))
            if row["row"] != "2000":
                self.assertEqual(answer["note"], original["note"])
        self.assertRegex(got[1999]["error"], "^row 2000: the row has 3 cells")
        shown = [item.text for item in page.driver.find_elements(By.CSS_SELECTOR, "#job-error-rows td.n")]
        self.assertEqual(shown, ["6", "1,500", "2,000"])
        tiles = [tile.text for tile in page.driver.find_elements(By.CSS_SELECTOR, "#job-tiles .v")]
        high = sum(row["risk"] == "High" for row in want)
        self.assertEqual(tiles, ["2,500", f"{high:,}", f"{2497 - high:,}", "3"])
        self.assertEqual(page.complaints(), [])
        page.keep("file")

    def test_a_file_dropped_on_the_page_is_scored_and_one_that_is_none_says_why(self):
        page = self.open("file")
        drop = """const t = new DataTransfer(); t.items.add(new File([arguments[0]], arguments[1]));
                  document.getElementById('drop').dispatchEvent(new DragEvent('drop', {dataTransfer: t, bubbles: true, cancelable: true}));"""
        page.js(drop, "\n".join((FOLDER / "new.csv").read_text().splitlines()[:11]), "ten.csv")
        until(lambda: page.text("job-state").startswith("Done: 10 rows"))
        header, *lines = (FOLDER / "new.csv").read_text().splitlines()[:4]
        page.js(drop, ("\n".join(['note,' + header] + ['"a;\n\"\"b",' + line for line in lines])).replace(",", ";"), "three.csv")
        until(lambda: page.text("job-state").startswith("Done: 3 rows"))
        self.assertEqual(page.driver.find_elements(By.CSS_SELECTOR, "#job-tiles .v")[3].text, "0")
        for text, words in (("", "empty"), ("Id,Income\n", "no rows"), ("Id,Income\n1,2\n", 'no column "Age"')):
            page.js(drop, text, "other.csv")
            until(lambda: page.text("job-name") == "other.csv" and page.text("job-state").startswith("Ended"))
            self.assertFalse(page.id("download").is_displayed())
            self.assertTrue(page.id("job-problem").is_displayed(), text)
            self.assertIn(words, page.text("job-problem"))
        header = (FOLDER / "new.csv").read_text().split("\n", 1)[0]
        page.js(drop, header + '\n1,"2\n3,4\n', "open.csv")
        until(lambda: page.text("job-state").startswith("Done: 1 row in"))
        self.assertIn("never closed", page.text("job-error-rows"))

    def test_the_monitor_shows_what_the_server_counts(self):
        page = self.open("monitor")
        self.assertIn("No window is full yet", until(lambda: page.text("drift")))
        drifted = simulate("drift.csv", "--rows", 1500, "--seed", 9, "--applicants", "--with-drift", 1).read_bytes()
        self.assertEqual(self.server.ask("POST", "/v1/score", drifted, {"Content-Type": "text/csv"})[0], 200)
        rows = until(lambda: page.driver.find_elements(By.CSS_SELECTOR, "#drift .drift"))
        live = json.loads(self.server.ask("GET", "/v1/monitor")[2])["live"]["windows"][0]
        self.assertEqual(len(rows), len(live["fields"]))
        shown = {row.text.split("\n")[0].split(" ")[0]: row.text for row in rows}
        for field in live["fields"]:
            line = shown[field["field"].replace("(score)", "score")]
            self.assertIn(f"{field['psi']:.3f}", line)
            self.assertEqual("alarm" in line, field["alarm"])
        self.assertTrue(any(field["alarm"] for field in live["fields"]))
        tiles = {tile.text.split("\n")[0]: tile.text.split("\n")[1] for tile in page.driver.find_elements(By.CSS_SELECTOR, "#tiles .tile")}
        self.assertEqual(tiles["Scored rows"], "1,500")
        self.assertEqual(tiles["Fields in alarm"], str(sum(field["alarm"] for field in live["fields"])))
        self.assertRegex(tiles["Latency, median"], r"^[0-9.,]+ ms$")
        bins = [line for line in self.server.ask("GET", "/metrics")[2].decode().splitlines() if line.startswith("riskflag_score_bin_total")]
        titles = page.js("return [...document.querySelectorAll('#scores title')].map(t => t.textContent)")
        shares = [float(line.rsplit(" ", 1)[1]) / 1500 for line in bins if not line.endswith(" 0")]
        self.assertEqual(len(titles) % 2, 0)
        for share, title in zip(shares, titles[::2]):
            self.assertAlmostEqual(float(title.rsplit(": ", 1)[1].removesuffix(" %")), 100 * share, delta=0.06)
        page.driver.find_element(By.XPATH, '//div[@id="drift"]//button[.="Income"]').click()
        self.assertEqual(page.text("field-title"), "Income against training")
        for _ in range(20):
            self.server.score({name: value for name, value in json.loads(self.server.ask("GET", "/v1/schema")[2])["examples"][0].items()})
        until(lambda: page.driver.find_elements(By.CSS_SELECTOR, "#latency .line-one"))
        self.assertIn("(answers now)", page.text("versions"))
        self.assertIn("without --outcomes", page.text("performance-hint"))
        until(lambda: "/v1/score 21 200: 21" in page.text("routes"))
        self.assertEqual(page.complaints(), [])
        page.keep("monitor")

    def test_the_monitor_shows_performance_by_week_and_each_model_that_stands(self):
        with tempfile.TemporaryDirectory() as log, serving.Server(MODEL, "--outcomes", log, "--challenger", MODEL, "--split", 50, "--shadow", MODEL) as server:
            page = self.enterContext(Browser(f"http://127.0.0.1:{server.port}/#monitor"))
            until(lambda: page.text("performance-hint") == "No decision yet.")
            rows = simulate("judged.csv", "--rows", 2000, "--seed", 11).read_bytes()
            for key in ("bert", "fred"):  # the challenger's, the champion's
                status, _, answer = server.ask("POST", "/v1/score", rows, {"Content-Type": "text/csv", "X-Routing-Key": key})
                self.assertEqual(status, 200)
                body = [{"decision_id": row["decision_id"], "outcome": int(row["Risk_Flag"]), "observed_at": "2027-05-01T00:00:00Z"}
                        for row in csv.DictReader(io.StringIO(answer.decode()))][:1500]
                self.assertEqual(server.ask("POST", "/v1/outcomes", json.dumps(body), {"Content-Type": "application/json"})[0], 202)
            live = until(lambda: (seen := json.loads(server.ask("GET", "/v1/monitor")[2]))["performance"]["all"]["outcomes"] == 3000 and seen)
            week = live["performance"]["weeks"][-1]
            until(lambda: f"{week['outcomes']:,}, 75 %" in page.text("performance") or f"{week['outcomes']:,}, 75.0 %" in page.text("performance"))
            self.assertIn(f"{week['roc_auc']:.3f} (", page.text("performance"))
            self.assertIn("is not below what chance explains", page.text("performance-hint"))
            for words in ("champion", "challenger", "shadow"):
                self.assertIn(words, page.text("performance"))
            for words in ("(answers now)", "(answers 50 %)", "(scores silently)"):
                self.assertIn(words, page.text("versions"))
            self.assertEqual(page.complaints(), [])
            page.keep("performance")

    def test_no_view_is_wider_than_a_phone_and_the_colours_follow_the_device(self):
        grounds = {}
        for scheme in ("light", "dark"):
            page = self.open(scheme=scheme)
            grounds[scheme] = page.js("return getComputedStyle(document.body).backgroundColor")
            page.id("sample").click()
            page.submit()
            page.js("scrollTo(0, 0)")
            page.keep("applicant-" + scheme)
        brightness = {scheme: sum(map(int, ground[4:-1].split(", "))) for scheme, ground in grounds.items()}
        self.assertGreater(brightness["light"], 600)
        self.assertLess(brightness["dark"], 150)
        page = self.open(phone=True)
        page.id("sample").click()
        page.submit()
        for view in ("applicant", "file", "monitor"):
            page.js("location.hash = arguments[0]", view)
            until(lambda: page.id("view-" + view).is_displayed())
            page.keep("phone-" + view)
            self.assertEqual(page.js("return innerWidth"), 360)
            self.assertLessEqual(page.js("return document.documentElement.scrollWidth"), 360, view)
        routes = until(lambda: [each for each in page.driver.find_elements(By.CSS_SELECTOR, "#view-monitor tbody th") if each.text.startswith("/v1/")])
        for each in routes:
            self.assertLess(each.size["height"], 40, "broken into lines: " + each.text)
        for each in page.driver.find_elements(By.CSS_SELECTOR, "input:not([type=file]), select, button"):
            if each.is_displayed():
                self.assertGreaterEqual(each.size["height"], 24, each.get_attribute("outerHTML"))

    def test_a_model_that_is_replaced_brings_its_form_and_keeps_what_was_filled_in(self):
        rows = table(FOLDER / "train.csv")
        with open(FOLDER / "other.csv", "w", newline="") as file:
            writer = csv.DictWriter(file, [name for name in rows[0] if name != "utilisation"], extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)
        must(BIN / "riskflag-train", "--data", FOLDER / "other.csv", "--target", "Risk_Flag", "--id", "Id", "--protected", "Sex", "--output", FOLDER / "other",
             "--set", "num_iterations=5", "--quiet")
        link = FOLDER / "current"
        link.symlink_to(MODEL)
        with serving.Server(link, "--watch") as server, Browser(f"http://127.0.0.1:{server.port}/") as page:
            page.field("Income")
            page.fill(ROWS[0])
            self.assertEqual(page.submit(), SCORES[0]["probability"])
            (FOLDER / "next").symlink_to(FOLDER / "other")
            (FOLDER / "next").rename(link)
            until(lambda: json.loads(server.ask("GET", "/v1/model")[2])["trees"] <= 5)
            page.id("score").click()
            until(lambda: "new model" in page.text("notice"))
            self.assertEqual(page.driver.find_elements(By.CSS_SELECTOR, '[data-field="utilisation"]'), [])
            self.assertEqual(page.field("Income").get_property("value"), ROWS[0]["Income"])
            answer = page.submit()
            self.assertFalse(page.id("notice").is_displayed())
            body = serving.as_json({name: text for name, text in ROWS[0].items() if name not in ("utilisation", "Sex")},
                                   json.loads(server.ask("GET", "/v1/schema")[2]))
            self.assertEqual(float(answer), server.score(body)[1]["probability"])

    def test_with_keys_the_page_asks_for_one_and_keeps_it_in_memory(self):
        keys = [{"name": name, "sha256": hashlib.sha256(secret.encode()).hexdigest(), "scopes": scopes}
                for name, secret, scopes in (("all", "secret-a", ["read", "score"]), ("less", "secret-b", ["score"]))]
        (FOLDER / "keys.json").write_text(json.dumps({"format": 1, "keys": keys}))
        with serving.Server(MODEL, "--keys", FOLDER / "keys.json") as server, Browser(f"http://127.0.0.1:{server.port}/") as page:
            until(lambda: page.id("key-form").is_displayed())
            self.assertFalse(page.id("view-applicant").is_displayed())
            for secret, words in (("wrong", "does not know this key"), ("secret-b", "does not suffice")):
                page.id("key").send_keys(secret, Keys.ENTER)
                until(lambda: words in page.text("key-lead"))
            page.id("key").send_keys("secret-a", Keys.ENTER)
            until(lambda: page.id("view-applicant").is_displayed())
            self.assertFalse(page.id("key-form").is_displayed())
            page.fill(ROWS[0])
            self.assertEqual(page.submit(), SCORES[0]["probability"])
            self.assertNotIn("secret-a", page.driver.page_source)
            self.assertEqual(page.js("return localStorage.length + sessionStorage.length + document.cookie.length"), 0)
            page.driver.refresh()
            until(lambda: page.id("key-form").is_displayed())


if __name__ == "__main__":
    unittest.main(verbosity=2)
