// A visit: shows the next question from the server and sends the answer of the participant.
// The page keeps an answer and repeats the request until the server has acknowledged the answer.
// Each answer carries the number of its step, so it counts once. Zoom is in zoom.js.
"use strict";

const LOCK_MS = 500; // so that the second half of a double click does not answer the next question
const TIMEOUT_MS = 10000;
const WAITS_MS = [500, 1000, 2000, 4000, 8000];
const $ = (id) => document.getElementById(id);
const choices = [...document.querySelectorAll(".choices button")];

let state = null; // the last state from the server
let ready = false; // whether the participant can answer
let sending = false;
let shown = 0; // counts the questions, so that a late photo does not appear in a later question

// Requests to the server

async function request(path, body) {
  const options = { cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) };
  if (body) {
    options.method = "POST";
    options.headers = { "Content-Type": "application/json" };
    options.body = JSON.stringify(body);
  }
  const response = await fetch(path, options);
  if (response.status >= 500) throw new Error("server");
  return { status: response.status, said: await response.json() };
}

async function insist(path, body) {
  for (let attempt = 0; ; attempt++) {
    try {
      const answer = await request(path, body);
      if (attempt) notify("");
      return answer;
    } catch {
      notify("No connection. Nothing is lost. Trying again…");
      await new Promise((done) => setTimeout(done, WAITS_MS[Math.min(attempt, WAITS_MS.length - 1)]));
    }
  }
}

function kept() {
  try {
    return JSON.parse(localStorage.getItem("pending"));
  } catch {
    return null;
  }
}

function keep(pending) {
  try {
    if (pending) localStorage.setItem("pending", JSON.stringify(pending));
    else localStorage.removeItem("pending");
  } catch {} // without storage, a reload asks this question again
}

async function send(pending) {
  if (sending) return;
  sending = true;
  enable(false);
  keep(pending);
  const { status, said } = await insist(pending.path, { step: pending.step, side: pending.side });
  sending = false;
  keep(null);
  if (status === 200) notify("");
  if (status === 409 && said.joined) notify("You have answered this question in another window. Here is the next question.");
  if (said.joined) draw(said);
  else await load();
}

async function load() {
  const { status, said } = await insist("api/state");
  if (status !== 200) return notify(`${said.error || "An error occurred."} Then load this page again.`);
  const pending = kept();
  if (pending && said.joined && pending.visit === said.visit) {
    state = said;
    return send(pending);
  }
  keep(null);
  draw(said);
}

// Display

function only(id) {
  const before = $(id).hidden;
  for (const part of ["welcome", "ask", "finished"]) $(part).hidden = part !== id;
  if (before) $(id).querySelector("h1").focus();
}

function notify(text) {
  $("notice").textContent = text;
  $("notice").hidden = !text;
}

function enable(on) {
  ready = on;
  for (const button of choices) button.setAttribute("aria-disabled", String(!on));
  $("undo").setAttribute("aria-disabled", String(!on || !state || !state.done));
}

function draw(said) {
  state = said;
  enable(false);
  if (!state.joined) return only("welcome");
  if (!state.coming.length) {
    $("answers").textContent = state.total;
    $("next").hidden = document.body.dataset.shared !== "true";
    ready = true;
    return only("finished");
  }
  $("count").textContent = `${state.done + 1} of ${state.total}`;
  $("bar").max = state.total;
  $("bar").value = state.done;
  only("ask");
  show(state.coming[0], ++shown);
}

async function show(pair, number) {
  zoomTo(1, 0.5, 0.5);
  arrange();
  stage.classList.add("waiting");
  const slow = setTimeout(() => { $("loading").hidden = false; }, 400);
  for (let attempt = 0; number === shown; attempt++) {
    try {
      await Promise.all(pair.map((side) => decoded(side.src, attempt)));
      break;
    } catch {
      notify("The photos do not load. Trying again…");
      await new Promise((done) => setTimeout(done, WAITS_MS[Math.min(attempt, 4)]));
    }
  }
  clearTimeout(slow);
  if (number !== shown) return;
  if ($("notice").textContent.startsWith("The photos")) notify("");
  $("loading").hidden = true;
  pair.forEach((side, i) => { photos[i].src = side.src; });
  await Promise.all(photos.map((photo) => photo.decode().catch(() => {})));
  if (number !== shown) return;
  stage.classList.remove("waiting");
  setTimeout(() => { if (number === shown && !sending) enable(true); }, LOCK_MS);
  for (const next of state.coming.slice(1)) for (const side of next) new Image().src = side.src;
}

function decoded(src, attempt) {
  const image = new Image();
  image.src = attempt ? `${src}?${attempt}` : src;
  return image.decode();
}

// Both frames get the same size: side by side or one above the other, whichever is larger.
function arrange() {
  if (!state || !state.joined || !state.coming.length) return;
  const { width, height } = state.coming[0][0];
  const room = { width: stage.clientWidth, height: stage.clientHeight };
  const beside = Math.min((room.width - 8) / 2 / width, room.height / height);
  const above = Math.min(room.width / width, (room.height - 8) / 2 / height);
  stage.classList.toggle("column", above > beside);
  const scale = Math.max(beside, above);
  for (const frame of frames) {
    frame.style.width = `${Math.floor(width * scale)}px`;
    frame.style.height = `${Math.floor(height * scale)}px`;
  }
  place();
}

// Actions of the participant

function choose(side) {
  if (ready && !sending && state.coming.length) {
    send({ path: "api/vote", visit: state.visit, step: state.step, side });
  }
}

function undo() {
  if (ready && !sending && state.done) send({ path: "api/undo", visit: state.visit, step: state.step });
}

for (const button of choices) button.addEventListener("click", () => choose(button.dataset.side));
$("undo").addEventListener("click", undo);
$("back").addEventListener("click", undo);
$("in").addEventListener("click", () => zoomTo(view.factor * 1.5));
$("out").addEventListener("click", () => zoomTo(view.factor / 1.5));
$("fit").addEventListener("click", () => zoomTo(1));
$("start").addEventListener("click", async () => {
  const { said } = await insist("api/join", {});
  if (said.joined) draw(said);
  else await load();
});
$("next").addEventListener("click", async () => {
  await insist("api/leave", {});
  await load();
});

const KEYS = {
  ArrowLeft: () => choose("left"), 1: () => choose("left"), a: () => choose("left"),
  ArrowRight: () => choose("right"), 2: () => choose("right"), b: () => choose("right"),
  u: undo, Backspace: undo,
  "+": () => zoomTo(view.factor * 1.5), "=": () => zoomTo(view.factor * 1.5),
  "-": () => zoomTo(view.factor / 1.5), 0: () => zoomTo(1),
};
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

document.addEventListener("keydown", (event) => {
  if ($("ask").hidden || event.ctrlKey || event.metaKey || event.altKey) return;
  const move = event.shiftKey && MOVES[event.key];
  const act = move
    ? () => zoomTo(view.factor, view.x + (0.1 * move[0]) / view.factor, view.y + (0.1 * move[1]) / view.factor)
    : KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act) return;
  event.preventDefault();
  if (move || !event.repeat) act();
});

addEventListener("resize", arrange);
document.addEventListener("visibilitychange", async () => {
  if (document.hidden || sending || !state) return;
  const { status, said } = await request("api/state").catch(() => ({}));
  if (status === 200 && !sending && (said.visit !== state.visit || said.step !== state.step)) draw(said);
});
load();
