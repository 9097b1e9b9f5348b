"""What each door declares, held by a checked-in listing: a change of the library's surface is a decision, not an accident.

tests/layering/doors.txt lists every name that the headers declare outside `detail`. When it changes, docs/changes.md must name the new
listing's digest. `--update` writes the listing and prints the digest to put into docs/changes.md.
"""
import hashlib
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = ROOT / "include" / "riskflag"
LISTING = ROOT / "tests" / "layering" / "doors.txt"
CHANGES = ROOT / "docs" / "changes.md"


def without_comments_and_bodies(text):
    """Drops comments, preprocessor lines, string contents, detail namespaces and function bodies; keeps class bodies."""
    text = re.sub(r"//[^\n]*", "", text)
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    text = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", "", text, flags=re.M)
    text = re.sub(r'R"(\w*)\(.*?\)\1"', '""', text, flags=re.S)
    text = re.sub(r'"(?:[^"\\\n]|\\.)*"', '""', text)
    text = re.sub(r"'(?:[^'\\\n]|\\.)'", "' '", text)
    return text


def declarations(text):
    """(scope, head) of every declaration: the text before its `{`, `;` or `:`-initialiser, white space folded."""
    text = without_comments_and_bodies(text)
    out, scope, head, depth_skip = [], [], "", 0
    access = ["public"]
    paren = 0
    for char in text:
        if depth_skip:
            depth_skip += (char == "{") - (char == "}")
            continue
        if char == "(":
            paren += 1
        elif char == ")":
            paren -= 1
        if paren and char in "{};":
            head += char
            continue
        if char == "{":
            fold = re.sub(r"\s+", " ", head).strip()
            head = ""
            if re.match(r"(inline )?namespace\b", fold) or fold.startswith("extern"):
                if "detail" in fold or fold == "namespace":
                    depth_skip = 1
                else:
                    scope.append(("namespace", fold))
                    access.append("public")
            elif re.match(r"(template <.*> ?)?(requires .* )?(class|struct|union)\b", fold) and not fold.endswith(")"):
                if access[-1] == "public":
                    out.append((scope_name(scope), fold))
                scope.append(("class", fold))
                access.append("public" if not re.search(r"\bclass\b", fold) else "private")
                if access[-2] != "public":
                    access[-1] = "hidden"
            elif fold.startswith("enum"):
                scope.append(("enum", fold))
                access.append("enum")
            else:
                if fold and access[-1] == "public":
                    out.append((scope_name(scope), signature(fold)))
                depth_skip = 1
        elif char == "}":
            if access and access[-1] == "enum":
                if access[-2] == "public":
                    members = re.sub(r"\s+", " ", head).strip()
                    out.append((scope_name(scope[:-1]), scope[-1][1] + " { " + members + " }"))
            if scope:
                scope.pop()
                access.pop()
            head = ""
        elif char == ";":
            if access[-1] == "enum":
                continue
            fold = re.sub(r"\s+", " ", head).strip()
            head = ""
            if fold and access[-1] == "public" and not fold.startswith(("using namespace", "friend", "static_assert")):
                out.append((scope_name(scope), signature(fold)))
        else:
            head += char
            marker = re.search(r"\b(public|private|protected)\s*:$", head)
            if marker and access[-1] != "hidden" and scope and scope[-1][0] == "class":
                access[-1] = marker.group(1)
                head = ""
            elif marker:
                head = ""
    return out


def scope_name(scope):
    names = []
    for kind, fold in scope:
        if kind == "namespace":
            names += [part for part in fold.removeprefix("namespace ").replace("inline ", "").split("::") if part != "riskflag" and not re.fullmatch(r"v\d+_\d+", part)]
        else:
            match = re.search(r"\b(?:class|struct|union) (?:alignas\(\w+\) )?(\w+(?:<[^{]*?>)?)", fold)
            names.append(match.group(1) if match else "?")
    return "::".join(name for name in names if name)


def signature(fold):
    fold = re.sub(r"\)( const| noexcept| override| final|&|\s)*\s*:.*$", lambda m: m.group(0).split(":")[0].rstrip(), fold)  # constructor initialisers
    fold = re.sub(r"^(\[\[\w+\]\] |inline |constexpr |static |explicit |virtual )+", "", fold)
    return fold


def listing():
    out = []
    for header in sorted(INCLUDE.rglob("*.hpp")):
        relative = header.relative_to(INCLUDE)
        if "detail" in relative.parts or "kernels" in relative.parts:
            continue
        lines = {f"  {scope + ': ' if scope else ''}{text}" for scope, text in declarations(header.read_text(encoding="utf-8"))}
        if lines:
            out.append(f"{relative}\n" + "\n".join(sorted(lines)))
    return "\n".join(out) + "\n"


def main():
    text = listing()
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    if "--update" in sys.argv:
        LISTING.write_text(text, encoding="utf-8")
        print(digest)
        return
    if LISTING.read_text(encoding="utf-8") != text:
        sys.exit("what the doors declare changed: run python3 tests/layering/test_doors.py --update, and say in docs/changes.md what changed, "
                 f"with the listing's digest {digest}")
    if digest not in CHANGES.read_text(encoding="utf-8"):
        sys.exit(f"docs/changes.md has no line with the digest {digest} of tests/layering/doors.txt")
    print(f"{text.count(chr(10))} lines, {digest}")


if __name__ == "__main__":
    main()
