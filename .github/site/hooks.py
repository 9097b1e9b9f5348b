"""What GitHub shows by itself and a site does not: links out of docs/ and to folders, lists that stand right below a line, and new pages."""

import pathlib
import re

from mkdocs.exceptions import PluginError

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
LINK = re.compile(r"(!?)\[((?:[^\[\]]|`[^`]*`)*)\]\(([^()\s]+)\)")
FENCE = re.compile(r"^```.*?^```$", re.M | re.S)
ITEM = re.compile(r"(?:- |\d+\. )")


def first_page(folder):
    pages = sorted(folder.glob("*.md"))
    return folder / "README.md" if folder / "README.md" in pages else pages[0]


def link(match, page, repository):
    picture, text, target = match.groups()
    if re.match(r"[a-z]+:|#", target):
        return match[0]
    name, hash_, anchor = target.partition("#")
    path = (page.parent / name).resolve()
    if not path.exists():
        raise PluginError(f"{page.relative_to(ROOT)}: there is no {target}")
    if path.is_relative_to(DOCS):
        if path.is_dir():
            path = first_page(path)
        up = "../" * len(page.relative_to(DOCS).parent.parts)
        return f"{picture}[{text}]({up}{path.relative_to(DOCS)}{hash_}{anchor})"
    if repository:
        kind = "tree" if path.is_dir() else "blob"
        return f"[{text}]({repository}/{kind}/main/{path.relative_to(ROOT)}{hash_}{anchor})"
    return text if text.startswith("`") else f"{text} (`{path.relative_to(ROOT)}`)"


def prose(text, page, repository):
    # In a table GitHub wants a bar in code escaped, the site's Markdown shows the escape.
    text = "".join(part.replace("\\|", "|") if part.startswith("`") else LINK.sub(lambda match: link(match, page, repository), part)
                   for part in re.split(r"((?<!\[)`[^`\n]*`(?!\]))", text))
    lines, inside = [], False
    for line in text.split("\n"):
        if ITEM.match(line) and lines and lines[-1].strip() and not inside:
            lines.append("")
        if ITEM.match(line):
            inside = True
        elif not line.strip():
            inside = False
        lines.append(line)
    return "\n".join(lines)


def on_page_markdown(markdown, page, config, files):
    source = DOCS / page.file.src_uri
    out, at = [], 0
    for fence in FENCE.finditer(markdown):
        out += [prose(markdown[at:fence.start()], source, config.repo_url), fence[0]]
        at = fence.end()
    return "".join([*out, prose(markdown[at:], source, config.repo_url)])


def on_config(config):
    """A page that the menu does not name stands at the end of its folder's section; one in no section's folder is an error of mkdocs."""
    for section in config.nav:
        (name, pages), = section.items() if isinstance(section, dict) else [(section, None)]
        if not isinstance(pages, list):
            continue
        named = [page if isinstance(page, str) else next(iter(page.values())) for page in pages]
        folder = named[0].rpartition("/")[0]
        pages += [path for path in sorted(str(found.relative_to(DOCS)) for found in (DOCS / folder).glob("*.md")) if folder and path not in named]
    return config
