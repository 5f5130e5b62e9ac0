"""`python -m slmigrate`."""

from slmigrate.cli import main

if __name__ == "__main__":
    main()
