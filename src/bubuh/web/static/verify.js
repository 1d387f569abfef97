/* Verify page: hash a file's sealed ranges where it lies and ask for those digests alone; scan a serial number's QR.
   A range counts only when its own text lies in what is hashed and its gap is one hex string. "utuh" is claimed only
   for the last ByteRange in the file: an increment stands at the end, so bytes slipped in before it move it out of
   place, and nothing made of hex digits can pretend to be a later one. */
(() => {
  "use strict";
  const box = document.getElementById("compared");
  const input = document.getElementById("file");
  const drop = document.getElementById("drop");
  let turn = 0;

  const hex = (bytes) => Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");

  const seals = (text) => {
    const found = [];
    const pattern = /\/ByteRange\s*\[\s*(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s*\]/g;
    for (let match; (match = pattern.exec(text)); ) {
      const [start, first, second, rest] = match.slice(1).map(Number);
      const end = second + rest;
      const at = match.index;
      const inside = at + match[0].length <= first || (at >= second && at + match[0].length <= end);
      const gap = text.slice(first, second);
      const fits = start === 0 && first < second && end <= text.length && inside && /^<[0-9A-Fa-f\s]*>$/.test(gap);
      const open = text.lastIndexOf(" obj", Math.min(at, first));
      const close = text.indexOf("endobj", Math.max(at, second));
      const around = text.slice(open, first) + text.slice(second, close);
      const serial = /\[([0-9A-Z]{22})\]/.exec(around);
      found.push({ fits, first, second, end, serial: serial && serial[1] });
    }
    return found;
  };

  const compare = async (file) => {
    const mine = ++turn;
    box.textContent = box.dataset.busy;
    try {
      const bytes = new Uint8Array(await file.arrayBuffer());
      const all = seals(new TextDecoder("latin1").decode(bytes));
      const ours = all.filter((one) => one.fits && one.serial).slice(-20);
      const asked = new URLSearchParams();
      for (const one of ours) {
        const hashed = new Uint8Array(one.first + one.end - one.second);
        hashed.set(bytes.subarray(0, one.first));
        hashed.set(bytes.subarray(one.second, one.end), one.first);
        asked.append("s", one.serial + "." + hex(await crypto.subtle.digest("SHA-256", hashed)));
      }
      const last = all[all.length - 1];
      if (last && last === ours[ours.length - 1] && last.end === bytes.length) asked.set("utuh", "1");
      const answer = await fetch("/periksa/sidik?" + asked, { headers: { Accept: "text/html" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const told = await answer.text();
      if (mine === turn) box.innerHTML = told;
    } catch {
      if (mine === turn) box.textContent = box.dataset.failed;
    }
  };

  if (globalThis.crypto?.subtle) {
    for (const hint of document.querySelectorAll("[data-script]")) hint.hidden = false;
    input.addEventListener("change", () => {
      box.textContent = "";
      if (input.files.length) compare(input.files[0]);
    });
    drop.addEventListener("dragover", (event) => event.preventDefault());
    drop.addEventListener("drop", (event) => {
      event.preventDefault();
      if (!event.dataTransfer.files.length) return;
      input.files = event.dataTransfer.files;
      input.dispatchEvent(new Event("change"));
    });
    if (input.files.length) compare(input.files[0]);
  }

  const scan = document.getElementById("scan");
  if (!("BarcodeDetector" in globalThis) || !navigator.mediaDevices) return;
  scan.hidden = false;
  const video = scan.querySelector("video");
  scan.querySelector("button").addEventListener("click", async (event) => {
    event.target.disabled = true;
    try {
      const detector = new BarcodeDetector({ formats: ["qr_code"] });
      video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      video.hidden = false;
      await video.play();
      for (let serial = null; !serial; ) {
        for (const code of await detector.detect(video)) serial = /(?:^|\/s\/)([0-9A-Z]{22})$/.exec(code.rawValue);
        if (serial) location.assign("/s/" + serial[1]);
        else await new Promise((again) => setTimeout(again, 200));
      }
    } catch {
      scan.querySelector(".error").hidden = false;
    }
    for (const track of video.srcObject?.getTracks() ?? []) track.stop();
    video.hidden = true;
    event.target.disabled = false;
  });
})();
