// The widget's frame and the page around it talk only to each other: each names the other's
// origin when it speaks and checks it when it listens.

export class Frame {
  // `orders` are what the page around may ask for: opened, ask, identify, locale.
  constructor(parameters, orders) {
    this.origin = null;
    this.inline = parameters.get("embed") === "inline";
    this.embedded = parameters.has("embed") && window.parent !== window;
    this.opened = true;
    if (!this.embedded) return;
    try {
      this.origin = new URL(parameters.get("origin")).origin;
    } catch {
      this.origin = null;
    }
    window.addEventListener("message", (event) => {
      if (event.source !== window.parent || event.origin !== this.origin) return;
      const { type, text, token, language } = event.data || {};
      if (type === "kefu:opened") {
        this.opened = true;
        orders.opened();
      }
      if (type === "kefu:closed") this.opened = this.inline;
      if (type === "kefu:ask" && typeof text === "string") orders.ask(text);
      if (type === "kefu:identify" && typeof token === "string") orders.identify(token);
      if (type === "kefu:locale") orders.locale(language);
    });
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.defaultPrevented) this.close();
    });
  }

  ready() {
    this.tell({ type: "kefu:ready" });
  }

  tell(message) {
    if (this.embedded && this.origin && this.origin !== "null") {
      window.parent.postMessage(message, this.origin);
    }
  }

  event(name, detail = {}) {
    this.tell({ type: "kefu:event", name, detail });
  }

  close() {
    if (this.inline) return;
    this.opened = false;
    this.tell({ type: "kefu:close" });
  }

  // Nobody looks: the widget is closed, or the page stands in the background.
  get away() {
    return !this.opened || document.hidden;
  }

  unread(count) {
    this.tell({ type: "kefu:unread", count });
  }
}
