// A crosshair that reads both charts of a bot at one mark, with the pointer or the arrow keys.
for (const section of document.querySelectorAll("[data-bot]")) {
  const data = JSON.parse(section.querySelector("script[type='application/json']").textContent);
  const plots = [...section.querySelectorAll("[data-chart=equity] .plot, [data-chart=drawdown] .plot")];
  const words = section.querySelector("[data-at]");
  const rest = words.textContent;
  const last = data.x.length - 1;
  let index = last;

  const show = (next) => {
    index = Math.max(0, Math.min(last, next));
    for (const plot of plots) {
      const cursor = plot.querySelector(".cursor");
      cursor.hidden = false;
      cursor.style.left = `${data.x[index] / 10}%`;
    }
    words.textContent = data.words[index];
  };
  const hide = () => {
    for (const plot of plots) plot.querySelector(".cursor").hidden = true;
    words.textContent = rest;
  };
  const nearest = (x) => {
    let low = 0;
    let high = last;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (data.x[middle] < x) low = middle + 1;
      else high = middle;
    }
    return low > 0 && x - data.x[low - 1] < data.x[low] - x ? low - 1 : low;
  };
  for (const plot of plots) {
    plot.addEventListener("pointermove", (event) => {
      const box = plot.getBoundingClientRect();
      show(nearest(((event.clientX - box.left) / box.width) * 1000));
    });
    plot.addEventListener("pointerleave", hide);
    plot.addEventListener("blur", hide);
    plot.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1, Home: -last, End: last }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      show(index + step * (event.shiftKey ? 10 : 1));
    });
  }
}
