"""The console's front door: `python cli.py --help`."""

from ledger.console.main import main

if __name__ == "__main__":
    main()
