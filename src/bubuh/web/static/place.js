/* Move a face on its page by tap, drag, arrow keys and presets. What counts is what the form's fields say; the
   server reads them as it reads those of a browser without scripts. Lengths are points of the page as seen. */
(() => {
  "use strict";
  const sheet = document.getElementById("sheet");
  const face = document.getElementById("sheet-face");
  const where = document.getElementById("where");
  const fields = sheet.closest("form").elements;
  const { width: wide, height: high } = sheet.viewBox.baseVal;
  const MM = 72 / 25.4;
  const MARGIN = 36; // as in presets.py
  const SHARES = {
    "kanan-bawah": [1, 1], "kiri-bawah": [0, 1], "kanan-atas": [1, 0], "kiri-atas": [0, 0], tengah: [0.5, 0.5],
  };
  const regions = where.dataset.regions.split("|");
  const now = { x: +face.getAttribute("x"), y: +face.getAttribute("y"), side: +face.getAttribute("width") };

  const within = (at, most) => Math.max(0, Math.min(at, most));
  const rounded = (length) => Math.round(length * 100) / 100;

  /* Show the face at (x, y), moved into the page; the fields say the same unless they are being typed in. */
  function put(x, y, typed) {
    now.x = rounded(within(x, wide - now.side));
    now.y = rounded(within(y, high - now.side));
    for (const name of ["x", "y"]) {
      face.setAttribute(name, now[name]);
      if (typed !== name) fields[name].value = now[name];
    }
    face.setAttribute("width", now.side);
    face.setAttribute("height", now.side);
    judge();
  }

  /* What speaks against this page's places, by the rules of the server, which looks again when the form is sent:
     web/stamp/places.py says when two faces lie on each other, pdf/preview.py when one covers a mark. Both look at the
     page's picture; one that is a photograph reaches us with losses, so there the server may see a speck otherwise. */
  const covers = document.getElementById("covers");
  const others = Array.from(sheet.querySelectorAll(".other"), (one) => {
    const [x, y, side] = ["x", "y", "width"].map((name) => +one.getAttribute(name));
    return { x, y, side };
  });
  const INK = 64, SHARE = 0.002, LEAST = 3;
  let seen = null; // the page's picture in greys, once it is here

  function hasInk({ x, y, side }) {
    const across = seen.width / wide, down = seen.height / high;
    const [left, top] = [Math.ceil(x * across), Math.ceil(y * down)];
    const right = Math.max(Math.trunc((x + side) * across), left + 1);
    const bottom = Math.max(Math.trunc((y + side) * down), top + 1);
    const levels = new Uint32Array(256);
    for (let row = top; row < bottom; row++) {
      for (let at = row * seen.width + left, end = at + right - left; at < end; at++) levels[seen.greys[at]]++;
    }
    const ground = levels.indexOf(Math.max(...levels));
    const ink = levels.reduce((sum, count, level) => sum + (Math.abs(level - ground) > INK ? count : 0), 0);
    return ink >= Math.max(LEAST, SHARE * (right - left) * (bottom - top));
  }

  const meet = (one, other) => one.x < other.x + other.side && other.x < one.x + one.side
    && one.y < other.y + other.side && other.y < one.y + one.side;

  let saying = 0;
  function judge() {
    const faces = [...others, now];
    const told = [];
    if (faces.some((one, at) => faces.slice(0, at).some((other) => meet(one, other)))) told.push(covers.dataset.stacked);
    if (seen && faces.some(hasInk)) told.push(covers.dataset.inked);
    face.classList.toggle("over", told.length > 0);
    clearTimeout(saying); // what is passed over on the way is not read aloud
    saying = setTimeout(() => {
      const text = told.join(" ");
      if (covers.textContent !== text) covers.textContent = text;
    }, 300);
  }

  /* The picture that the page shows, not fetched again: nobody may keep it. A browser that cannot read it leaves
     the judging to the server. */
  const picture = sheet.querySelector("image");
  function look() {
    return createImageBitmap(picture).then((drawn) => {
      const { width, height } = drawn;
      const canvas = Object.assign(document.createElement("canvas"), { width, height });
      const brush = canvas.getContext("2d", { willReadFrequently: true });
      brush.drawImage(drawn, 0, 0);
      const { data } = brush.getImageData(0, 0, width, height);
      const greys = new Uint8Array(width * height);
      for (let at = 0; at < greys.length; at++) {
        const [red, green, blue] = [data[4 * at], data[4 * at + 1], data[4 * at + 2]];
        greys[at] = (red * 19595 + green * 38470 + blue * 7471 + 32768) >> 16; // ITU-R 601-2, as Pillow rounds it
      }
      seen = { width, height, greys };
      judge();
    }, () => {});
  }
  if (window.createImageBitmap) {
    picture.addEventListener("load", look);
    look();
  }
  for (const one of document.querySelectorAll(".warned")) {
    if ([covers.dataset.stacked, covers.dataset.inked].includes(one.textContent)) one.remove(); // said here from now on
  }

  /* The same in a place of nobody's name. */
  function point(x, y, typed) {
    fields.preset.value = "angka";
    put(x, y, typed);
  }

  function tell() {
    const third = (at, length) => Math.min(2, Math.floor((3 * at) / length));
    const at = 3 * third(now.y + now.side / 2, high) + third(now.x + now.side / 2, wide);
    const facts = { where: regions[at], x: Math.round(now.x / MM), y: Math.round(now.y / MM) };
    where.textContent = where.dataset.told.replace(/\{(\w+)\}/g, (_, name) => facts[name]);
  }

  /* Where on the page a pointer is: zoom, scrolling and the screen's own turn undone. */
  function under(event) {
    return new DOMPoint(event.clientX, event.clientY).matrixTransform(sheet.getScreenCTM().inverse());
  }

  function preset() {
    const shares = SHARES[fields.preset.value];
    if (!shares) return;
    const along = (length, share) => {
      const free = length - now.side;
      const margin = Math.max(0, Math.min(MARGIN, free / 2));
      return Math.round((margin + share * (free - 2 * margin)) * 10) / 10;
    };
    put(along(wide, shares[0]), along(high, shares[1]));
  }

  function typed(event) {
    const { name, value } = event.target;
    const length = /^\d{1,6}([.,]\d{1,6})?$/.test(value.trim()) ? +value.replace(",", ".") : NaN;
    if (Number.isNaN(length)) return;
    if (name === "side") {
      if (length < 40 || length > 120) return;
      now.side = length;
      if (SHARES[fields.preset.value]) preset();
      else put(now.x, now.y);
    } else {
      point(name === "x" ? length : now.x, name === "y" ? length : now.y, name);
    }
    tell();
  }

  sheet.addEventListener("click", (event) => {
    if (event.target === face) return; // the end of a drag
    const at = under(event);
    point(at.x - now.side / 2, at.y - now.side / 2);
    tell();
  });

  let held = null; // where on the face it is held
  face.addEventListener("pointerdown", (event) => {
    if (!event.isPrimary || event.button) return;
    event.preventDefault();
    face.focus({ preventScroll: true });
    face.setPointerCapture(event.pointerId);
    const at = under(event);
    held = { x: at.x - now.x, y: at.y - now.y };
  });
  /* Inside an SVG `touch-action` is not heeded by all: else the page would scroll away under the finger. */
  face.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
  face.addEventListener("pointermove", (event) => {
    if (!held || !event.isPrimary) return;
    const at = under(event);
    point(at.x - held.x, at.y - held.y);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    face.addEventListener(end, () => {
      if (held) tell();
      held = null;
    });
  }

  const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  function step([across, down], length) {
    point(now.x + across * length * MM, now.y + down * length * MM);
    tell();
  }
  face.addEventListener("keydown", (event) => {
    const way = WAYS[event.key];
    if (!way || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    step(way, event.shiftKey ? 5 : 1);
  });
  for (const button of document.querySelectorAll(".moves button")) {
    button.addEventListener("click", () => step(button.dataset.move.split(" ").map(Number), 1));
  }
  for (const one of fields.preset) one.addEventListener("change", () => { preset(); tell(); });
  for (const name of ["x", "y", "side"]) fields[name].addEventListener("input", typed);

  face.setAttribute("tabindex", "0");
  face.setAttribute("role", "application");
  face.setAttribute("aria-label", where.dataset.move);
  face.setAttribute("aria-describedby", "where");
  document.documentElement.classList.add("scripted");
  /* The page is what it was when it was left: as nobody may keep it, it is fetched anew on the way back, and what
     was filled in stands in the history. A browser that did keep it has the same in its fields. */
  const FILLED = ["preset", "side", "x", "y", "page", "type", "number", "date"];
  sheet.closest("form").addEventListener("submit", () => {
    history.replaceState(Object.fromEntries(FILLED.map((name) => [name, fields[name].value])), "");
  });
  addEventListener("pageshow", () => {
    for (const name of FILLED) if (history.state) fields[name].value = history.state[name];
    const side = +fields.side.value.replace(",", ".");
    if (side >= 40 && side <= 120) now.side = side;
    if (SHARES[fields.preset.value]) preset();
    else if (fields.x.value) put(+fields.x.value.replace(",", "."), +fields.y.value.replace(",", "."));
    if (history.state) tell();
  });
})();
