"""The documentation site: ``python -m sphinx -W -j 2 docs docs/_build/html``, after ``pip install '.[docs]'``."""

import os
import sys
import warnings
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "_ext"), str(HERE.parent)]
os.environ.setdefault("PYTHONPATH", str(HERE.parent))  # of the processes that run the gallery and draw portraits

import live_pages  # noqa: E402
from gallery_look import ORDER, films, panels, reset  # noqa: E402

import brainsim  # noqa: E402

project, author = "brainsim", "The brainsim developers"
version = release = brainsim.__version__
copyright = author

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_gallery.gen_gallery", "site_pages"]
exclude_patterns = ["_build", "_ext", "_static", "gallery", "live"]
source_suffix = {".rst": "restructuredtext", ".md": "markdown"}
default_role = "quoted"
add_function_parentheses = False
toc_object_entries = False
pygments_style = "friendly"

myst_heading_anchors = 4
myst_enable_extensions = ["html_image", "dollarmath"]  # dollars around formulas, as on GitHub
# the README begins with level 1, but pages of a few lines may leave out a level
suppress_warnings = ["myst.header", "config.cache", "ref.python"]

autodoc_typehints = "none"
autodoc_class_signature = "mixed"
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
napoleon_custom_sections = ["Class attributes"]

sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "pictures",
    "subsection_order": ORDER,
    "within_subsection_order": "gallery_look.TourFirst",
    "filename_pattern": r"plot_\w+\.py$",
    "backreferences_dir": "reference/backreferences",
    "doc_module": ("brainsim",),
    "reset_modules": (reset,),
    "image_scrapers": (panels, "matplotlib", films, live_pages.scraper),
    "thumbnail_size": (480, 320),
    "ignore_repr_types": r"Page",  # the scraper shows it
    "remove_config_comments": True,
    "download_all_examples": False,
    "show_memory": False,
    "parallel": 2,
    "write_computation_times": False,
    "min_reported_time": 1e9,
    "copyfile_regex": r".*\.(txt|md)",
    "show_signature": False,
}
warnings.filterwarnings("ignore", message="FigureCanvasAgg is non-interactive")

html_theme = "pydata_sphinx_theme"
html_title = f"brainsim {version}"
html_static_path = ["_static"]
html_favicon = "_static/icon.svg"
html_css_files = ["site.css"]
html_js_files = ["questions.js", "live.js"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_show_copyright = False
html_context = {"default_mode": "auto"}
html_theme_options = {
    "logo": {"text": "brainsim"},
    "show_prev_next": False,
    "navigation_with_keys": False,
    "navbar_end": ["theme-switcher"],
    "footer_start": [],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
    "show_toc_level": 2,
    "collapse_navigation": True,  # else each page of the reference links to all 230 others: 6 MB
    "header_links_before_dropdown": 8,
    "pygments_light_style": "friendly",
}
