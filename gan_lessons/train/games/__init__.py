"""The games that the trainer plays, one file each; `gan_lessons.train.game` says what a game is."""
