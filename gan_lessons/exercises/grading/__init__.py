"""Marks notebooks as learners hand them in: `python -m gan_lessons.exercises grade FOLDER`.

`found` finds the answers in a notebook, `enclosed` runs each in a process of its own that can do no
harm, `marks` judges what came back and writes the table and the pages.
"""
