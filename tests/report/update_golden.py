"""Write tests/report/golden/ anew, after a change that is meant.

python tests/report/update_golden.py
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path += [str(HERE), str(HERE.parent / "bench"), str(HERE.parent.parent / "tools")]

import report_cases  # noqa: E402

if __name__ == "__main__":
    wanted = report_cases.golden()
    report_cases.GOLDEN.mkdir(exist_ok=True)
    for old in report_cases.GOLDEN.iterdir():
        if old.name not in wanted:
            old.unlink()
    for name, text in wanted.items():
        (report_cases.GOLDEN / name).write_text(text, encoding="utf-8")
