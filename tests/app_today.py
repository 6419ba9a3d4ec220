"""The app on a day that does not pass: ``python -m tests.app_today``."""

from datetime import date

from app import process

if __name__ == "__main__":
    process(on=date(2026, 11, 24))
