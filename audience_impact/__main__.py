"""Run the command as `python -m audience_impact`."""

from audience_impact.cli import main

if __name__ == "__main__":
    main()
