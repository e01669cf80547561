"""Scrubs the film in the page itself: the kernel is busy with the training meanwhile.

Core widgets have no such control: a slider of theirs asks the kernel. So the slider is plain HTML,
and its few lines of JavaScript show one of the scenes that lie in the page already.
"""

from html import escape

import ipywidgets as w

from gan_lessons.train.film import Film, Scene
from gan_lessons.widgets import kit
from gan_lessons.widgets.training_view import page

# From the slider: shows the last scene up to its step; at the newest one, the live picture.
SHOW = """
const root = this.closest('.gl-training'), scenes = [...root.querySelectorAll('.gl-scene')];
const step = each => +each.querySelector('[data-step]').dataset.step;
const number = scenes.filter(each => step(each) <= +this.value).length - 1;
const newest = number === scenes.length - 1;
scenes.forEach((each, i) => each.classList.toggle('on', i === number && !newest));
root.classList.toggle('past', !newest);
if (scenes.length) root.style.setProperty('--at', step(scenes[Math.max(number, 0)]) / this.max);
"""
# From the button: from scene to scene until the newest; another press stops.
PLAY = """
const root = this.closest('.gl-training'), slider = root.querySelector('input[type=range]');
const steps = [...root.querySelectorAll('.gl-scene [data-step]')].map(each => +each.dataset.step);
const stop = () => { clearInterval(this.timer); this.timer = 0; this.textContent = '▶'; };
const at = value => { slider.value = value; slider.dispatchEvent(new Event('input')); };
if (this.timer) return stop();
this.textContent = '❚❚';
let i = 0;
this.timer = setInterval(() => {
    if (!this.isConnected || i >= steps.length) return stop();
    at(i === steps.length - 1 ? slider.max : steps[i]);
    i += 1;
}, Math.max(60, 6000 / steps.length));
"""


class Player:
    """The scenes and the slider: `widget`, to stand under the live pictures."""

    def __init__(self, columns: int):
        self.columns = columns
        self.scenes = w.Box()
        self.scenes.add_class("gl-scenes")
        self.slider = kit.html(css_class="gl-wide")
        self.widget = kit.column([self.scenes, self.slider])
        self._shown: dict[int, w.HTML] = {}

    def show(self, film: Film) -> None:
        """Brings the page to the scenes that the film has now."""
        fresh = {each.step: each for each in film.scenes}
        for step in set(self._shown) - set(fresh):
            self._shown.pop(step).close()
        for step in [step for step in fresh if step not in self._shown]:
            self._shown[step] = self._made(fresh[step], film)
        self.scenes.children = tuple(self._shown[step] for step in sorted(self._shown))

    def reach(self, last: int) -> None:
        """The slider goes from 0 to that step, and stands at its end."""
        self.slider.value = (
            f"<div class='player'><button type='button' onclick=\"{escape(PLAY)}\" "
            "aria-label='play the film'>▶</button>"
            f"<input type='range' min='0' max='{last}' value='{last}' "
            f"step='any' aria-label='the film of this training, by step' "
            # Or JupyterLab takes the arrow keys for a move from cell to cell.
            f'onkeydown="event.stopPropagation()" oninput="{escape(SHOW)}"/></div>'
        )

    def scene(self, scene: Scene, film: Film) -> str:
        """One scene: its pictures, its losses, the logits of D."""
        every = film.history.losses.values()
        losses = [own[scene.step - 1] for own in every if 0 < scene.step <= len(own)]
        return page.scene_html(scene, self.columns, losses) + page.strip_svg(scene)

    def _made(self, scene: Scene, film: Film) -> w.HTML:
        text = self.scene(scene, film)
        return kit.html(f"<div data-step='{scene.step}'>{text}</div>", "gl-scene")
