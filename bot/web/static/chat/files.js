// Files: picked by the customer, or taken home.

import { byId, icon } from "./dom.js";
import { say as sayToCustomer } from "./words.js";

const KINDS = ["image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf"];

export function readable(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${Math.round(bytes / 1000)} KB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

// The paper clip beside the text; `onFile(file)` gets a file that may be sent, `onRefused(text)`
// says why one may not, in the words of `say`.
export class Picker {
  constructor({ onFile, onRefused, say = sayToCustomer }) {
    this.say = say;
    this.limit = 5_000_000;
    this.button = byId("attach");
    this.input = byId("file");
    this.input.accept = KINDS.join(",");
    this.button.append(icon("clip"));
    this.button.addEventListener("click", () => this.input.click());
    this.input.addEventListener("change", () => {
      const [file] = this.input.files;
      this.input.value = "";
      if (!file) return;
      if (file.type && !KINDS.includes(file.type)) onRefused(this.say("attachKind"));
      else if (file.size > this.limit) onRefused(this.say("attachTooBig", readable(this.limit)));
      else onFile(file);
    });
  }

  label() {
    this.button.setAttribute("aria-label", this.say("attach"));
    this.button.title = this.say("attach");
    this.input.setAttribute("aria-label", this.say("attach"));
  }

  offer(on) {
    this.button.hidden = !on;
  }
}
