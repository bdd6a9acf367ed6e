#!/usr/bin/env python3
"""Copy the browser libraries the pages load from node_modules to static/vendor.

Usage: ``python3 tools/vendor.py`` (run by ``npm ci``) or ``python3 tools/vendor.py icons`` to
write the icon sprite static/img/icons.svg anew from tools/icons.txt.
"""

from __future__ import annotations

import pathlib
import re
import shutil
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
MODULES = ROOT / "node_modules"
TARGET = ROOT / "static" / "vendor"
NOTO = "@expo-google-fonts/noto-sans-sc"
FILES = {
    "tabler.min.css": "@tabler/core/dist/css/tabler.min.css",
    "htmx.min.js": "htmx.org/dist/htmx.min.js",
    "echarts.min.js": "echarts/dist/echarts.min.js",
    "leaflet.css": "leaflet/dist/leaflet.css",
    "leaflet.js": "leaflet/dist/leaflet.js",
    "images/layers.png": "leaflet/dist/images/layers.png",
    "images/layers-2x.png": "leaflet/dist/images/layers-2x.png",
    "images/marker-icon.png": "leaflet/dist/images/marker-icon.png",
    "images/marker-icon-2x.png": "leaflet/dist/images/marker-icon-2x.png",
    "images/marker-shadow.png": "leaflet/dist/images/marker-shadow.png",
    "leaflet.markercluster.css": "leaflet.markercluster/dist/MarkerCluster.css",
    "leaflet.markercluster.js": "leaflet.markercluster/dist/leaflet.markercluster.js",
    "tom-select.css": "tom-select/dist/css/tom-select.bootstrap5.min.css",
    "tom-select.js": "tom-select/dist/js/tom-select.complete.min.js",
    "viewer.css": "viewerjs/dist/viewer.min.css",
    "viewer.js": "viewerjs/dist/viewer.min.js",
    "fonts/NotoSansSC-Regular.ttf": f"{NOTO}/400Regular/NotoSansSC_400Regular.ttf",
    "fonts/NotoSansSC-Bold.ttf": f"{NOTO}/700Bold/NotoSansSC_700Bold.ttf",
    "fonts/LICENSE": f"{NOTO}/LICENSE_FONT",
}
SOURCE_MAP = re.compile(rb"\s*(?:/\*# sourceMappingURL=[^*]*\*/|//# sourceMappingURL=\S+)\s*$")


def copy_files() -> int:
    """Copy every file of FILES; source map addresses are cut off. Return the number of files."""
    for name, source in FILES.items():
        target = TARGET / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.suffix in {".js", ".css"}:
            target.write_bytes(SOURCE_MAP.sub(b"\n", (MODULES / source).read_bytes()))
        else:
            shutil.copyfile(MODULES / source, target)
    return len(FILES)


def symbol(name: str) -> str:
    """Return one outline of @tabler/icons as a symbol of the sprite."""
    text = (MODULES / "@tabler/icons/icons/outline" / f"{name}.svg").read_text()
    inner = re.search(
        r"<svg[^>]*>(.*)</svg>", re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL), re.DOTALL
    ).group(1)
    inner = re.sub(r'<path stroke="none" d="M0 0h24v24H0z" fill="none"\s*/>', "", inner)
    inner = re.sub(r"\s*\n\s*", "", inner).replace(" />", "/>")
    return f'<symbol id="{name}" viewBox="0 0 24 24">{inner}</symbol>'


def write_sprite() -> int:
    """Write static/img/icons.svg from the names in tools/icons.txt. Return the number of icons."""
    names = sorted(set((ROOT / "tools" / "icons.txt").read_text().split()))
    body = "\n".join(symbol(name) for name in names)
    sprite = (
        '<svg xmlns="http://www.w3.org/2000/svg" fill="none" stroke="currentColor" stroke-width="1.75" '
        f'stroke-linecap="round" stroke-linejoin="round">\n{body}\n</svg>\n'
    )
    (ROOT / "static" / "img" / "icons.svg").write_text(sprite)
    return len(names)


if __name__ == "__main__":
    if sys.argv[1:] == ["icons"]:
        print(write_sprite(), "icons written to static/img/icons.svg")
    else:
        print(copy_files(), "files copied to static/vendor")
