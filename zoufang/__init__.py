"""The front door: command line, workspace folder, configuration."""

import gettext
import os
from pathlib import Path

# What click says itself ("missing option") is Chinese too, whatever the language of the system.
os.environ.setdefault("LANGUAGE", "zh_CN")
gettext.bindtextdomain("zoufang", str(Path(__file__).parent / "locale"))
gettext.textdomain("zoufang")
