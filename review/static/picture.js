// Crops: loaded ahead of time, with outlines of the boxes over them.

import { get } from "./talk.js";

const SVG = "http://www.w3.org/2000/svg";

/** Start loading an item's crop; `item.picture` is the decoded image once it is there. */
export function load(item) {
  item.loading ??= fetchImage("/" + item.crop.url).then(
    (image) => (item.picture = image),
    (error) => (item.broken = error.message),
  );
  return item.loading;
}

async function fetchImage(url) {
  const image = new Image();
  image.src = URL.createObjectURL(await (await get(url)).blob());
  await image.decode();
  return image;
}

export function forget(item) {
  if (item.picture) URL.revokeObjectURL(item.picture.src);
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

/** The whole page in `place`, the field outlined and in the middle of it. */
export async function showWhole(place, item) {
  const image = (item.wholePicture ??= await fetchImage("/" + item.whole.url));
  const around = { at: hull(item.whole.boxes.map((box) => box.at)), option: null, cell: null };
  show(place, image, { ...item.whole, boxes: [around] });
  const found = place.querySelector("rect");
  found.classList.add("found");
  found.scrollIntoView({ block: "center", inline: "center" });
}

function hull(places) {
  const left = Math.min(...places.map(([x]) => x));
  const top = Math.min(...places.map(([, y]) => y));
  const right = Math.max(...places.map(([x, , w]) => x + w));
  const bottom = Math.max(...places.map(([, y, , h]) => y + h));
  return [left, top, right - left, bottom - top];
}
