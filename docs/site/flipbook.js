// Turns the pages of a flip-book: figure.flipbook with sliders, a page, and all pages packed.
async function unpack(text) {
  const bytes = Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).json();
}

for (const figure of document.querySelectorAll("figure.flipbook")) {
  const sliders = [...figure.querySelectorAll("input")];
  const page = figure.querySelector(".page");
  const texts = sliders.map((slider) => JSON.parse(slider.dataset.texts));
  let pages = null;
  const show = () => {
    let number = 0;
    sliders.forEach((slider, i) => {
      number = number * texts[i].length + Number(slider.value);
      slider.nextElementSibling.textContent = texts[i][slider.value];
      slider.setAttribute("aria-valuetext", texts[i][slider.value]);
    });
    if (!pages) return;
    page.style.minHeight = `${Math.max(page.offsetHeight, parseFloat(page.style.minHeight) || 0)}px`;
    const unfolded = [...page.querySelectorAll("details")].map((each) => each.open);
    page.innerHTML = pages[number];
    page.querySelectorAll("details").forEach((each, i) => (each.open = unfolded[i] ?? each.open));
  };
  unpack(figure.querySelector("script").textContent).then((unpacked) => {
    pages = unpacked;
    figure.classList.add("ready");
    if (sliders.some((slider) => slider.value !== slider.defaultValue)) show();
  });
  for (const slider of sliders) slider.addEventListener("input", show);
  figure.querySelector(".turn").hidden = false;
}
