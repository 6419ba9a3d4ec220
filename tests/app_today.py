"""The app on a day that does not pass: ``python -m tests.app_today``."""

import sys
from datetime import date

from app import main

if __name__ == "__main__":
    sys.exit(main(on=date(2026, 11, 24)))
