"use strict";

// Arrow keys or the pointer go along the dots of a method.
for (const strip of document.querySelectorAll(".strip")) {
  const dots = [...strip.querySelectorAll("circle")];
  const readout = strip.closest("figure").querySelector(".readout");
  let at = -1;
  const show = (next) => {
    dots[at]?.classList.remove("now");
    at = next;
    dots[at]?.classList.add("now");
    readout.hidden = false;
    readout.textContent =
      at < 0 ? "\u00a0" : `${strip.dataset.name}, ${dots[at].textContent}`;
  };
  strip.setAttribute("tabindex", "0");
  strip.addEventListener("keydown", (event) => {
    const last = dots.length - 1;
    const middle = Math.floor(last / 2);
    const next = {
      ArrowRight: at < 0 ? middle : Math.min(at + 1, last),
      ArrowLeft: at < 0 ? middle : Math.max(at - 1, 0),
      Home: 0,
      End: last,
    }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    show(next);
  });
  strip.addEventListener("blur", () => show(-1));
  strip.addEventListener("pointerover", (event) => {
    const dot = dots.indexOf(event.target.closest("circle"));
    if (dot >= 0) show(dot);
  });
  strip.addEventListener("pointerleave", () => show(-1));
}

function startViewer(data) {
  const get = (id) => document.getElementById(id);
  const [viewer, stage, panels, split] = ["viewer", "stage", "panels", "split"].map(get);
  const view = { x: 0.5, y: 0.5, zoom: 1 }; // center as a share of the picture
  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
  const method = () => data.methods[get("method").value];
  const words = (role) => (role === "method" ? method().name : role === "error" ? "error map" : role);

  function showCase() {
    const kind = document.querySelector("input[name=case]:checked").value;
    const shown = method().cases.find((entry) => entry.kind === kind);
    const put = (image, role) => {
      image.src = data.pictures[shown[role]];
      image.alt = `${words(role)}, ${kind} case`;
    };
    for (const image of panels.querySelectorAll("img")) put(image, image.dataset.role);
    for (const side of ["left", "right"]) {
      const role = get(side).value;
      put(stage.querySelector(`[data-side=${side}]`), role);
      get(`${side}-tag`).textContent = words(role);
    }
    get("name").textContent = method().name;
    const name = document.createElement("b");
    name.textContent = method().name;
    get("facts").replaceChildren(name, `, ${kind}: ${shown.text}`);
    showSplit();
  }

  function showSplit() {
    stage.style.setProperty("--split", `${split.value}%`);
    const [left, right] = ["left", "right"].map((side) => words(get(side).value));
    split.setAttribute("aria-valuetext", `${split.value} % ${left}, ${100 - split.value} % ${right}`);
  }

  function showView() {
    const half = 0.5 / view.zoom;
    view.x = clamp(view.x, half, 1 - half);
    view.y = clamp(view.y, half, 1 - half);
    const shift = (center) => `${(0.5 - center * view.zoom) * 100}%`;
    viewer.style.setProperty(
      "--view",
      `translate(${shift(view.x)}, ${shift(view.y)}) scale(${view.zoom})`,
    );
    viewer.classList.toggle("zoomed", view.zoom > 1);
    get("zoom").value = view.zoom;
    get("factor").textContent = `${view.zoom}×`;
  }

  for (const id of ["method", "left", "right"]) get(id).addEventListener("change", showCase);
  for (const radio of document.querySelectorAll("input[name=case]")) {
    radio.addEventListener("change", showCase);
  }
  split.addEventListener("input", showSplit);
  get("zoom").addEventListener("input", () => {
    view.zoom = Number(get("zoom").value);
    showView();
  });

  // While the button stays pressed, `moved` gets each movement of the pointer.
  function dragging(element, pressed, moved) {
    element.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      pressed(event);
      element.setPointerCapture(event.pointerId);
      element.addEventListener("pointermove", moved);
    });
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
      element.addEventListener(end, () => element.removeEventListener("pointermove", moved));
    }
    element.addEventListener("dragstart", (event) => event.preventDefault());
  }

  function splitAt(event) {
    const box = stage.getBoundingClientRect();
    split.value = Math.round(((event.clientX - box.left) / box.width) * 100);
    showSplit();
  }
  dragging(stage, splitAt, splitAt);

  let last = { x: 0, y: 0 };
  const remember = (event) => (last = { x: event.clientX, y: event.clientY });
  dragging(panels, remember, (event) => {
    const { width, height } = panels.querySelector(".frame").getBoundingClientRect();
    view.x -= (event.clientX - last.x) / (width * view.zoom);
    view.y -= (event.clientY - last.y) / (height * view.zoom);
    remember(event);
    showView();
  });

  panels.setAttribute("tabindex", "0");
  panels.setAttribute("role", "group");
  panels.setAttribute("aria-label", "The pictures side by side: arrow keys move them, + and − zoom");
  panels.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = 0.25 / view.zoom;
    const zoom = { "+": 1, "=": 1, "-": -1, "−": -1 }[event.key];
    const move = {
      ArrowLeft: [-step, 0],
      ArrowRight: [step, 0],
      ArrowUp: [0, -step],
      ArrowDown: [0, step],
    }[event.key];
    if (zoom) view.zoom = clamp(view.zoom + zoom, 1, 8);
    else if (move && view.zoom > 1) [view.x, view.y] = [view.x + move[0], view.y + move[1]];
    else return;
    event.preventDefault();
    showView();
  });

  for (const id of ["controls", "split", "hint"]) get(id).hidden = false;
  get("unscripted").hidden = true;
  showCase();
  showView();
}

const data = document.getElementById("data");
if (data) startViewer(JSON.parse(data.textContent));
