"""What holds of the page of a back-test: its time line and its tables say what the JSON says, and people can read it."""

from datetime import datetime

# Wide, usual, and a telephone's.
WIDTHS = [1920, 1280, 360]
ROWS = 500
TABLES = ["services", "regions", "rules", "quiet-periods", "spans", "events"]

# Each row: its name, its track, and its bars.
TIME_LINE = """
const rect = element => { const r = element.getBoundingClientRect(); return {left: r.left, right: r.right, width: r.width}; };
const bar = element => ({...element.dataset, ...rect(element), title: element.querySelector('title')?.textContent});
return {
  rows: [...document.querySelectorAll('#time-line .row')].map(row => ({
    name: row.dataset.name, track: bar(row.querySelector('.track')), bars: [...row.querySelectorAll('.bar')].map(bar)})),
  ticks: [...document.querySelectorAll('#time-line .grid')].map(tick => ({...tick.dataset, ...rect(tick)})),
}"""

# Each row of a table: its cells, a number where one stands behind the text, a time as programs read it.
TABLE = """
const cell = cell => {
  const [data, time] = [cell.querySelector('data'), cell.querySelector('time')];
  return data ? Number(data.value) : time ? time.dateTime : cell.textContent.trim();
};
const table = document.getElementById(arguments[0]);
return {
  caption: table.caption.textContent.trim(),
  columns: [...table.tHead.querySelectorAll('th')].map(th => th.scope),
  heads: [...table.tBodies[0].rows].filter(row => row.cells.length > 1).map(row => row.cells[0].scope),
  rows: [...table.tBodies[0].rows].filter(row => row.cells.length > 1).map(row => [...row.cells].map(cell)),
}"""

# The least contrast of the text that is seen, by the formula of WCAG 2, and whose it is.
CONTRAST = """
const numbers = color => color.match(/[\\d.]+/g).map(Number);
const luminance = color => {
  const [r, g, b] = numbers(color).map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const background = element => {
  for (let e = element; e; e = e.parentElement) {
    const color = getComputedStyle(e).backgroundColor;
    if ((numbers(color)[3] ?? 1) > 0) return color;
  }
  return 'rgb(255, 255, 255)';
};
let least = {contrast: Infinity, checked: 0};
const hasText = e => [...e.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.textContent.trim());
for (const e of document.querySelectorAll('body, p, strong, h1, h2, li, td, th, caption, a, code, pre, time, data, span, footer, svg text')) {
  if (e !== document.body && !hasText(e)) continue;
  const style = getComputedStyle(e), color = e.closest('svg') ? style.fill : style.color;
  const [one, other] = [luminance(color), luminance(background(e))];
  const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  if (contrast < least.contrast) least = {...least, contrast, who: e.tagName + '.' + (e.className.baseVal ?? e.className) + ': ' + e.textContent.slice(0, 40)};
  least.checked += 1;
}
const bars = [...document.querySelectorAll('#time-line .bar')].map(bar => {
  const track = bar.parentElement.querySelector('.track');
  const [one, other] = [luminance(getComputedStyle(bar).fill), luminance(getComputedStyle(track).fill)];
  return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
});
return {...least, bars: Math.min(...bars, 99)};"""


def seconds(text):
    return datetime.fromisoformat(text).timestamp()


class Checks:
    """Prints each check, and counts those that fail."""

    def __init__(self):
        self.failures = 0

    def check(self, name, good, *details):
        if not good:
            self.failures += 1
        said = "; ".join(str(detail) for detail in details)
        print(f"{'ok  ' if good else 'FAIL'}  {name}{': ' + said if said else ''}")


def check_page(browser, page, numbers):
    """Checks everything, and returns how many of the checks failed."""
    checks = Checks()
    browser.errors(), browser.requests()
    size = page.stat().st_size
    checks.check("the page is smaller than 2.5 MB", size < 2_500_000, f"{size:,} bytes")
    for width in WIDTHS:
        browser.show(page, width)
        check_time_line(checks, browser.ask(TIME_LINE), numbers, width)
    browser.show(page)
    for table in TABLES:
        check_table(checks, table, browser.ask(TABLE, table), numbers)
    check_sentence(checks, browser, numbers)
    check_accessibility_tree(checks, browser)
    for scheme in ["light", "dark"]:
        browser.show(page, scheme=scheme)
        least = browser.ask(CONTRAST)
        what = f"{least['contrast']:.2f}, {least['who']!r}"
        checks.check(f"{scheme}: text has a contrast of 4.5 or more, {least['checked']} elements", least["contrast"] >= 4.5, what)
        checks.check(f"{scheme}: bars have a contrast of 3 or more", least["bars"] >= 3, f"{least['bars']:.2f}")
    schemes = [background(browser, page, scheme) for scheme in ["light", "dark"]]
    checks.check("a dark page is dark", schemes[0] != schemes[1], *schemes)
    check_narrow(checks, browser, page)
    errors = browser.errors()
    checks.check("the console is silent", not errors, *errors)
    asked = browser.requests()
    elsewhere = sorted({url for url in asked if not url.startswith("data:") and url != page.resolve().as_uri()})
    checks.check(f"nothing else is asked for, {len(asked)} requests", asked and not elsewhere, *elsewhere)
    return checks.failures


def check_time_line(checks, time_line, numbers, width):
    """Places on the screen are times of the JSON."""
    window = numbers["window"]
    start, length = seconds(window["from"]), seconds(window["until"]) - seconds(window["from"])
    union, *rows = time_line["rows"]
    tracks = [row["track"] for row in time_line["rows"]]
    of_window = all(track["from"] == window["from"] and track["until"] == window["until"] for track in tracks)
    checks.check(f"{width} px: each of the {len(tracks)} rows is as long as the window", of_window)
    off = 0
    for row in time_line["rows"]:
        track = row["track"]

        def pixel(at):
            return track["left"] + (seconds(at) - start) / length * track["width"]

        for bar in row["bars"]:
            off = max(off, abs(bar["left"] - pixel(bar["from"])), abs(bar["right"] - pixel(bar["until"])))
        for tick in time_line["ticks"]:
            middle = (tick["left"] + tick["right"]) / 2
            off = max(off, abs(middle - pixel(tick["at"])))
    bars = sum(len(row["bars"]) for row in time_line["rows"])
    checks.check(f"{width} px: {bars} bars and {len(time_line['ticks'])} marks stand within a pixel of their times", off <= 1, f"at most {off:.3f} px off")

    # Where there is a thin bar's outline, it is part of neither number.
    drawn = sum(bar["width"] for bar in union["bars"]) / union["track"]["width"] * length
    blocked = numbers["blockedSeconds"]
    checks.check(f"{width} px: the first row is as long as all blocked time", abs(drawn - blocked) <= 0.005 * max(blocked, 1), f"{drawn:.0f} s drawn", f"{blocked} s blocked")
    spans = [(bar["from"], bar["until"], int(bar["events"])) for bar in union["bars"]]
    known = [(span["from"], span["until"], len(span["arns"])) for span in numbers["spans"]]
    checks.check(f"{width} px: the first row has each of the {len(known)} spans", spans == known)
    events = sum(int(bar["events"]) for row in rows for bar in row["bars"])
    checks.check(f"{width} px: the other rows have each of the {len(numbers['events'])} events", events == len(numbers["events"]))

    # Each event is in a bar of its own row, and each bar begins and ends with one.
    by_row = {}
    for event in numbers["events"]:
        both = [event["service"] or "not named", event["region"] or "not named"]
        name = next((row["name"] for row in rows if row["name"] in (" ".join(both), both[1])), None)
        by_row.setdefault(name, []).append((event["from"], event["until"]))
    astray = []
    for row in rows:
        times = by_row.pop(row["name"], [])
        bars = [(bar["from"], bar["until"]) for bar in row["bars"]]
        astray += [time for time in times if not any(bar[0] <= time[0] and time[1] <= bar[1] for bar in bars)]
        astray += [bar for bar in bars if bar[0] not in {t[0] for t in times} or bar[1] not in {t[1] for t in times}]
    checks.check(f"{width} px: each bar begins and ends with an event of its row", not by_row and not astray, *list(by_row)[:3], *astray[:3])


def check_table(checks, name, table, numbers):
    """A table says what the JSON says."""
    known = {
        "services": [[group["name"] or "not named", group["events"], group["blockedSeconds"]] for group in numbers["services"]],
        "regions": [[group["name"] or "not named", group["events"], group["blockedSeconds"]] for group in numbers["regions"]],
        "rules": [[rule["key"], rule["events"], rule["onlyByIt"], rule["savedSeconds"]] for rule in numbers["rules"]],
        "quiet-periods": [[quiet["quietPeriodSeconds"], quiet["spans"], quiet["blockedSeconds"]] for quiet in numbers["quietPeriods"]],
        "spans": [[span["from"], span["until"], span["seconds"], len(span["arns"])] for span in numbers["spans"][::-1][:ROWS]],
        "events": [
            [event["from"], event["until"], seconds(event["until"]) - seconds(event["from"])]
            + [event[key] or "not named" for key in ("service", "region", "typeCode")]
            for event in numbers["events"][:ROWS]
        ],
    }[name]
    columns = {"services": [0, 1, 2], "regions": [0, 1, 2], "rules": [0, 2, 3, 4], "quiet-periods": [0, 1, 2]}
    columns = columns.get(name, range(len(known[0]) if known else 0))
    read = [[row[column] for column in columns] for row in table["rows"]]
    differences = [pair for pair in zip(read, known) if pair[0] != pair[1]]
    checks.check(f"table {name}: {len(known)} rows say what the JSON says", read == known, *differences[:2])
    heads = set(table["columns"]) <= {"col"} and set(table["heads"]) <= {"row"}
    checks.check(f"table {name} has a caption and heads of rows and columns", bool(table["caption"]) and bool(table["columns"]) and heads, table["caption"])


def check_sentence(checks, browser, numbers):
    """The answer at the top has the number of stops."""
    answer = browser.ask("return document.querySelector('.answer').innerText")
    count = len(numbers["spans"])
    times = {0: "no deployment", 1: "once"}.get(count, f"{count:,} times")
    checks.check("the answer says how often", times in answer, answer)


def check_accessibility_tree(checks, browser):
    """A screen reader finds the time line and the tables by their names."""
    nodes = browser.call("Accessibility.getFullAXTree")["nodes"]
    named = [(node.get("role", {}).get("value"), node.get("name", {}).get("value", "")) for node in nodes if not node.get("ignored")]
    images = [name for role, name in named if role in ("image", "img") and name.startswith("Time line")]
    checks.check("a screen reader is told of the time line", len(images) == 1 and len(images[0]) > 60, images[0][:90] + "…" if images else "no image")
    tables = [name for role, name in named if role == "table"]
    captions = [browser.ask("return document.getElementById(arguments[0]).caption.textContent", table) for table in TABLES]
    checks.check("a screen reader is told of the tables", sorted(tables) == sorted(captions), *tables)
    columns = [name for role, name in named if role == "columnheader"]
    checks.check("a screen reader is told of their columns", len(columns) >= 25 and all(columns), len(columns))
    headings = [name for role, name in named if role == "heading"]
    checks.check("a screen reader finds the headings", len(headings) == 9 and all(headings), *headings)
    untitled = browser.ask("return [...document.querySelectorAll('#time-line .bar')].filter(bar => !bar.querySelector('title')?.textContent).length")
    checks.check("each bar has a title", untitled == 0, f"{untitled} have none")


def background(browser, page, scheme):
    browser.show(page, scheme=scheme)
    return browser.ask("return getComputedStyle(document.body).backgroundColor")


def check_narrow(checks, browser, page):
    """On a telephone only what is in a container of its own is scrolled sideways."""
    for width in [360, 768]:
        browser.show(page, width)
        wide = browser.ask("return [document.documentElement.scrollWidth, document.body.scrollWidth]")
        checks.check(f"{width} px: the page is not wider than the screen", max(wide) <= width, *wide)
        unreachable = browser.ask("""
            return [...document.querySelectorAll('table, pre')].filter(e => e.scrollWidth > innerWidth)
              .map(e => e.tagName === 'PRE' ? e : e.parentElement)
              .filter(e => getComputedStyle(e).overflowX !== 'auto' || e.tabIndex !== 0).length""")
        checks.check(f"{width} px: what is wider is scrolled by itself, with the keyboard too", unreachable == 0)
        overlaps = browser.ask("""
            return [...document.querySelectorAll('#time-line .row')].filter(row =>
              row.querySelector('.name').getBoundingClientRect().right > row.querySelector('.figure').getBoundingClientRect().left
            ).map(row => row.dataset.name)""")
        checks.check(f"{width} px: the names of rows leave room for their numbers", not overlaps, *overlaps)
        labels = browser.ask("""
            return [...document.querySelectorAll('#time-line .label')].map(e => e.getBoundingClientRect()).filter(r => r.width > 0)
              .map(r => [r.left, r.right])""")
        apart = all(one[1] <= next[0] for one, next in zip(labels, labels[1:])) and all(r[1] <= width for r in labels)
        checks.check(f"{width} px: the {len(labels)} labels of the axis stand apart", apart and labels)
