"""The command `gan-lessons`, as `python -m gan_lessons`."""

from gan_lessons.commands.main import script

if __name__ == "__main__":
    script()
