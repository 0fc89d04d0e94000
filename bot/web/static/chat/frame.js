// The widget's frame and the page around it talk only to each other: each names the other's
// origin when it speaks and checks it when it listens.

export class Frame {
  constructor(parameters, { onOpened }) {
    this.origin = null;
    this.embedded = parameters.get("embed") === "1" && window.parent !== window;
    if (!this.embedded) return;
    try {
      this.origin = new URL(parameters.get("origin")).origin;
    } catch {
      this.origin = null;
    }
    window.addEventListener("message", (event) => {
      if (event.source !== window.parent || event.origin !== this.origin) return;
      if (event.data && event.data.type === "kefu:opened") {
        this.opened = true;
        onOpened();
      }
      if (event.data && event.data.type === "kefu:closed") this.opened = false;
    });
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.defaultPrevented) this.close();
    });
    this.opened = true;
    this.tell({ type: "kefu:ready" });
  }

  tell(message) {
    if (this.embedded && this.origin && this.origin !== "null") {
      window.parent.postMessage(message, this.origin);
    }
  }

  close() {
    this.opened = false;
    this.tell({ type: "kefu:close" });
  }

  unread(count) {
    this.tell({ type: "kefu:unread", count });
  }
}
