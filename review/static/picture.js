// Crops: loaded ahead of time, with outlines of the boxes over them.

import { get } from "./talk.js";

const SVG = "http://www.w3.org/2000/svg";

/** Start loading the crop of a look at a field; `look.picture` is the decoded image once it is there. */
export function load(look) {
  look.loading ??= fetchImage("/" + look.crop.url).then(
    (image) => (look.picture = image),
    (error) => (look.broken = error.message),
  );
  return look.loading;
}

async function fetchImage(url) {
  const image = new Image();
  image.src = URL.createObjectURL(await (await get(url)).blob());
  await image.decode();
  return image;
}

export function forget(look) {
  if (look.picture) URL.revokeObjectURL(look.picture.src);
}

/** Put looks at one field beside each other into `place`; returns a function that marks options on all. */
export function showLooks(place, looks) {
  const marks = [];
  const figures = looks.map((look) => {
    const figure = document.createElement("figure");
    if (look.broken) figure.textContent = look.broken;
    else marks.push(show(figure, look.picture, look.crop));
    if (look.title) figure.append(caption(look));
    return figure;
  });
  place.replaceChildren(...figures);
  return (chosen) => marks.forEach((mark) => mark(chosen));
}

function caption({ title }) {
  const words = document.createElement("figcaption");
  words.textContent = title;
  return words;
}

/** Put a picture with its outlines into `place`; returns a function that marks options. */
export function show(place, image, { boxes, width, height }) {
  const frame = document.createElement("div");
  frame.className = "picture";
  frame.style.setProperty("--ratio", `${width} / ${height}`);
  image.alt = "";
  image.draggable = false;
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("viewBox", `0 0 ${width} ${height}`);
  drawing.setAttribute("aria-hidden", "true");
  const outlines = boxes.map((box) => outline(box, width, height));
  drawing.append(...outlines);
  frame.append(image, drawing);
  place.replaceChildren(frame);
  return (chosen) => {
    boxes.forEach((box, n) => outlines[n].classList.toggle("chosen", chosen.includes(box.option)));
  };
}

function outline(box, width, height) {
  const [x, y, w, h] = box.at;
  const margin = box.option ? 0.12 * h * height : 3;
  const rect = document.createElementNS(SVG, "rect");
  rect.setAttribute("x", x * width - margin);
  rect.setAttribute("y", y * height - margin);
  rect.setAttribute("width", w * width + 2 * margin);
  rect.setAttribute("height", h * height + 2 * margin);
  rect.setAttribute("rx", 4);
  rect.classList.add(box.option ? "option" : box.cell !== null ? "cell" : "area");
  return rect;
}

/** The whole pages of looks in `place`, the field outlined and in the middle of the first. */
export async function showWhole(place, looks) {
  for (const look of looks) look.wholePicture ??= await fetchImage("/" + look.whole.url);
  const pages = looks.map((look) => {
    const around = { at: hull(look.whole.boxes.map((box) => box.at)), option: null, cell: null };
    return { title: look.title, picture: look.wholePicture, crop: { ...look.whole, boxes: [around] } };
  });
  showLooks(place, pages);
  const found = place.querySelectorAll("rect");
  for (const one of found) one.classList.add("found");
  found[0].scrollIntoView({ block: "center", inline: "center" });
}

function hull(places) {
  const left = Math.min(...places.map(([x]) => x));
  const top = Math.min(...places.map(([, y]) => y));
  const right = Math.max(...places.map(([x, , w]) => x + w));
  const bottom = Math.max(...places.map(([, y, , h]) => y + h));
  return [left, top, right - left, bottom - top];
}
