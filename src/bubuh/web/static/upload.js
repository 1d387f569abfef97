/* Send a document in parts, as tus 1.0 says, so that a slow or broken link loses at most one of them. Where
   anything is not as it should be, the form is sent as a browser without scripts sends it: the server says why. */
(() => {
  "use strict";
  const form = document.getElementById("send");
  const file = form.elements.file;
  const bar = document.getElementById("bar");
  const told = document.getElementById("told");
  const button = form.querySelector("button");
  const TUS = { "Tus-Resumable": "1.0.0" };
  const LEAST = 64 * 1024, MOST = 2 * 1024 * 1024;
  const QUICK_MS = 2000; // a part that took less: the next may be twice as long
  const GIVEN_UP = new Set([404, 410]);

  /* One request; answers its XMLHttpRequest, status 0 when the network failed. */
  function ask(method, url, headers, body, progressed) {
    return new Promise((resolve) => {
      const request = new XMLHttpRequest();
      request.open(method, url);
      for (const [name, value] of Object.entries({ ...TUS, ...headers })) request.setRequestHeader(name, value);
      if (progressed) request.upload.onprogress = (event) => progressed(event.loaded);
      request.timeout = 90000;
      request.onloadend = () => resolve(request);
      request.send(body);
    });
  }

  const coded = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
  const pause = (ms) => new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    addEventListener("online", () => { clearTimeout(timer); resolve(); }, { once: true });
  });

  function show(done, all) {
    bar.value = all ? done / all : 0;
    const facts = { done: Math.round(done / 1000), all: Math.round(all / 1000) };
    const words = told.dataset.sent.replace(/\{(\w+)\}/g, (_, name) => facts[name]);
    if (told.textContent !== words) told.textContent = words;
  }

  /* Where the upload of this file is, and how far: a new one, or that of an earlier try in this window. */
  async function begun(chosen, kept) {
    const url = sessionStorage.getItem(kept);
    if (url) {
      const known = await ask("HEAD", url, {});
      if (known.status === 200) return { url, offset: +known.getResponseHeader("Upload-Offset") };
      if (!known.status) return null;
      sessionStorage.removeItem(kept);
    }
    const metadata = `filename ${coded(chosen.name)},token ${coded(form.elements.token.value)}`;
    const made = await ask("POST", "/unggahan", { "Upload-Length": chosen.size, "Upload-Metadata": metadata });
    if (!made.status) return null;
    if (made.status !== 201) throw new Error("not taken in parts");
    sessionStorage.setItem(kept, made.getResponseHeader("Location"));
    return { url: made.getResponseHeader("Location"), offset: +made.getResponseHeader("Upload-Offset") };
  }

  async function sent(chosen) {
    const kept = `upload ${chosen.name} ${chosen.size} ${chosen.lastModified}`;
    let at = null, size = 4 * LEAST, wait = 1000;
    while (!at || at.offset < chosen.size) {
      at ||= await begun(chosen, kept);
      if (at && at.offset < chosen.size) {
        show(at.offset, chosen.size);
        const since = Date.now();
        const offset = at.offset, part = chosen.slice(offset, offset + size);
        const answer = await ask("PATCH", at.url,
          { "Upload-Offset": offset, "Content-Type": "application/offset+octet-stream" }, part,
          (loaded) => show(offset + loaded, chosen.size));
        if (answer.status === 204) {
          at.offset = +answer.getResponseHeader("Upload-Offset");
          size = Date.now() - since < QUICK_MS ? Math.min(2 * size, MOST) : Math.max(size / 2, LEAST);
          wait = 1000;
          continue;
        }
        at = null; // asked anew: what of it came?
        if (GIVEN_UP.has(answer.status)) sessionStorage.removeItem(kept);
        else if (answer.status === 409) continue;
        else if (answer.status && answer.status < 500 && answer.status !== 429) throw new Error("not taken in parts");
      }
      if (!at) {
        told.textContent = told.dataset.cut;
        await pause(wait);
        wait = Math.min(2 * wait, 30000);
      }
    }
    sessionStorage.removeItem(kept);
    return at.url.split("/").pop();
  }

  form.addEventListener("submit", async (event) => {
    const chosen = file.files[0];
    if (!chosen || !chosen.size || chosen.size > +form.dataset.most) return;
    event.preventDefault();
    if (button.disabled) return;
    button.disabled = true;
    document.getElementById("sending").hidden = false;
    try {
      form.elements.upload.value = await sent(chosen);
      file.disabled = true;
      told.textContent = told.dataset.look;
    } catch {
      form.elements.upload.value = "";
    }
    form.submit();
  });
  addEventListener("pageshow", () => {
    button.disabled = file.disabled = false;
    form.elements.upload.value = "";
  });
})();
