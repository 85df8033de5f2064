// Zoom and position, which both photos share.
"use strict";

const stage = document.getElementById("stage");
const frames = [...document.querySelectorAll(".frame")];
const photos = [document.getElementById("left"), document.getElementById("right")];

const view = { factor: 1, x: 0.5, y: 0.5 }; // x, y: the point of the photo in the middle of the frame

function most() {
  const width = photos[0].naturalWidth;
  return Math.max(4, (2 * width) / (frames[0].clientWidth || 1));
}

function zoomTo(factor, x = view.x, y = view.y) {
  view.factor = Math.min(Math.max(factor, 1), most());
  const edge = 0.5 / view.factor;
  view.x = Math.min(Math.max(x, edge), 1 - edge);
  view.y = Math.min(Math.max(y, edge), 1 - edge);
  place();
}

// Zooms and keeps the point under the pointer in place. across, down: position in the frame, 0 to 1.
function zoomAt(factor, across, down) {
  const x = view.x + (across - 0.5) / view.factor;
  const y = view.y + (down - 0.5) / view.factor;
  const next = Math.min(Math.max(factor, 1), most());
  zoomTo(next, x - (across - 0.5) / next, y - (down - 0.5) / next);
}

function place() {
  stage.classList.toggle("zoomed", view.factor > 1);
  photos.forEach((photo, i) => {
    const { clientWidth: width, clientHeight: height } = frames[i];
    const left = (0.5 - view.x * view.factor) * width;
    const top = (0.5 - view.y * view.factor) * height;
    photo.style.transform = `translate(${left}px, ${top}px) scale(${view.factor})`;
  });
  document.getElementById("factor").textContent = `${Math.round(view.factor * 10) / 10}×`;
}

const pointers = new Map();

function inFrame(frame, event) {
  const box = frame.getBoundingClientRect();
  return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
}

function spread() {
  const [a, b] = [...pointers.values()];
  return Math.hypot(a.x - b.x, a.y - b.y);
}

for (const frame of frames) {
  frame.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoomAt(view.factor * Math.exp(-event.deltaY / (event.ctrlKey ? 100 : 400)), ...inFrame(frame, event));
  }, { passive: false });
  frame.addEventListener("dblclick", (event) => {
    zoomAt(view.factor > 1 ? 1 : 3, ...inFrame(frame, event));
  });
  frame.addEventListener("pointerdown", (event) => {
    frame.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  });
  frame.addEventListener("pointermove", (event) => {
    const last = pointers.get(event.pointerId);
    if (!last) return;
    const before = pointers.size === 2 ? spread() : 0;
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (before) {
      zoomAt((view.factor * spread()) / before, ...inFrame(frame, event));
    } else if (pointers.size === 1 && view.factor > 1) {
      zoomTo(view.factor, view.x - (event.clientX - last.x) / frame.clientWidth / view.factor,
        view.y - (event.clientY - last.y) / frame.clientHeight / view.factor);
    }
  });
  for (const end of ["pointerup", "pointercancel"]) {
    frame.addEventListener(end, (event) => pointers.delete(event.pointerId));
  }
}
