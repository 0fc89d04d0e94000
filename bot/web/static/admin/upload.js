// Files dropped on the page go to the server one after another; each says what became of it.

import { byId, make } from "../chat/dom.js";

const MOST_BYTES = 20 * 1024 * 1024;

// fetch tells nothing of how far an upload is; this does.
function send(file, progress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const path = `api/admin/knowledge/files?${new URLSearchParams({ name: file.name })}`;
    request.open("POST", new URL(path, document.baseURI));
    request.responseType = "json";
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) progress(event.loaded / event.total);
    });
    request.addEventListener("error", () => reject(new Error()));
    request.addEventListener("load", () => {
      const told = request.response;
      if (request.status === 200) resolve(told);
      else reject(Object.assign(new Error(told?.detail || ""), { status: request.status }));
    });
    request.send(file);
  });
}

export function setUpUpload(speaking, done) {
  const zone = byId("drop");
  const list = byId("files");
  let queue = Promise.resolve();

  function row(file) {
    const state = make("span", { className: "state", text: speaking().waiting, attributes: { role: "status" } });
    const bar = make("progress", { attributes: { max: "1", value: "0", "aria-label": file.name } });
    const line = make("li", {}, make("strong", { text: file.name }), bar, state);
    list.prepend(line);
    return { line, bar, state };
  }

  async function upload(file, { line, bar, state }) {
    const words = speaking();
    try {
      if (file.size > MOST_BYTES) throw Object.assign(new Error(), { status: 413 });
      const [stored] = await send(file, (share) => {
        bar.value = share;
        if (share === 1) {
          bar.removeAttribute("value");
          state.textContent = words.reading;
        }
      });
      line.className = "good";
      state.textContent = `${words.outcomes[stored.outcome]} · ${words.passages(stored.passages)}`;
      for (const text of stored.problems) line.append(make("small", { className: "warn", text }));
    } catch (error) {
      line.className = "bad";
      if (error.status === 413) state.textContent = words.tooLarge;
      else state.textContent = error.status ? words.refused + error.message : words.offline;
    }
    bar.remove();
  }

  function take(files) {
    const rows = Array.from(files, (file) => [file, row(file)]);
    for (const [file, shown] of rows) queue = queue.then(() => upload(file, shown));
    queue = queue.then(done);
  }

  const over = (on) => (event) => {
    event.preventDefault();
    zone.classList.toggle("over", on);
  };
  zone.addEventListener("dragover", over(true));
  zone.addEventListener("dragleave", over(false));
  zone.addEventListener("drop", (event) => {
    over(false)(event);
    take(event.dataTransfer.files);
  });
  byId("pick").addEventListener("change", (event) => {
    take(event.target.files);
    event.target.value = "";
  });
  // A file that misses the field must not replace the page.
  for (const kind of ["dragover", "drop"]) addEventListener(kind, (event) => event.preventDefault());
}
