"""The command `gan-lessons`: trains a GAN, and takes it to work.

`arguments` is all that can be typed. `main` reads it and answers; each other module is one command,
and the functions it calls are there for programs too:

    generator = train.deliver.load_generator("runs/a")    # generate
    pictures = train.deliver.generate(generator, 16, seed=0)
    video.write(file, "GIF", walk.frames(generator, ...), count, 20)    # walk
    train.film.Film.load("runs/a/film.npz").scenes    # film
    metrics.evaluate(pictures, images, unseen)    # evaluate
    train.diagnose(train.Trainer.resume("runs/a", images))    # diagnose
    train.export.to_onnx(generator, "generator.onnx")    # export
"""
