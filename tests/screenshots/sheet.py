"""The contact sheet: all pictures of a folder on one page."""

from __future__ import annotations

from html import escape
from itertools import groupby
from pathlib import Path

HEAD = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Parley: every page and state</title>
<style>
  body { margin: 2rem; font: 14px system-ui, sans-serif; background: #888; color: #000; }
  section { display: flex; flex-wrap: wrap; gap: 8px; align-items: flex-start; margin-bottom: 2rem; }
  h2 { width: 100%; margin: 0; }
  img { height: 220px; display: block; }
</style>
"""


def write_sheet(folder: Path) -> Path:
    """Also of pictures from earlier runs: whoever takes one scene again keeps the others."""
    pictures = sorted(folder.glob("*.*.*.*.png"))
    parts = [HEAD]
    for scene, group in groupby(pictures, lambda path: path.name.partition(".")[0]):
        images = "".join(
            f'<a href="{name}"><img src="{name}" alt="{name}" title="{name}" loading="lazy"></a>'
            for name in (escape(path.name) for path in group)
        )
        parts.append(f"<section><h2>{escape(scene)}</h2>{images}</section>\n")
    sheet = folder / "index.html"
    sheet.write_text("".join(parts), encoding="utf-8")
    return sheet
