// The widget's loader: a button on the shop's page that opens the chat in a frame.
//
//   <script src="https://chat.example.com/widget.js" async data-language="zh"></script>
//
// data-language   zh or en; without it, the visitor's
// data-position   left or right (the default)
// data-name       tells several widgets of one page apart; each has its own conversation
// data-target     a selector: the chat stands in that element instead of behind a button
//
// window.Kefu is the first widget: open(), close(), ask(text), identify(token), setLocale(language),
// on(event, listener). Kefu.get(name) is another, Kefu.create({name, position, …}) makes one. Calls
// made before this file has come wait in an array: (window.KefuQueue ||= []).push(["open"]).
// Events: ready, open, close, message, status, unread, conversation, identified, error.
//
// Everything lives in a shadow tree with a constructed style sheet, so that neither the page's
// styles nor a strict content security policy get in the way; the page's policy must allow this
// origin in script-src and frame-src. Nothing here may throw into the page.
(() => {
  "use strict";
  const script = document.currentScript;
  if (!script) return;

  const base = new URL("chat", script.src);
  const READY_MS = 6000;
  const WORDS = {
    zh: { open: "打开在线客服", close: "收起在线客服", title: "在线客服", unread: (n) => `${n} 条未读消息` },
    en: { open: "Open chat", close: "Close chat", title: "Customer service chat", unread: (n) => `${n} unread` },
  };

  const css = (side, shift) => `
    :host { all: initial; }
    button { position: fixed; z-index: 2147483000; ${side}: ${20 + shift}px; bottom: 20px; width: 58px;
      height: 58px; padding: 0; border: 0; border-radius: 50%; color: #fff; cursor: pointer;
      background: linear-gradient(145deg, #159488, #0b5f58);
      box-shadow: 0 6px 22px rgb(8 50 46 / 35%); transition: transform .15s; }
    button:hover { transform: translateY(-2px); }
    button:focus-visible { outline: 3px solid #0b5f58; outline-offset: 3px; }
    svg { width: 28px; height: 28px; fill: none; stroke: currentcolor; stroke-width: 1.8;
      stroke-linecap: round; stroke-linejoin: round; display: block; margin: auto; }
    .badge { position: absolute; top: -3px; ${side}: -3px; min-width: 21px; height: 21px;
      padding: 0 5px; border-radius: 11px; background: #b42318; color: #fff;
      font: 600 12px/21px system-ui, sans-serif; box-sizing: border-box; }
    [hidden] { display: none !important; }
    iframe { position: fixed; z-index: 2147483001; ${side}: 20px; bottom: 92px; width: 392px;
      max-width: calc(100vw - 40px); height: min(660px, calc(100vh - 116px)); border: 0;
      border-radius: 18px; color-scheme: normal; box-shadow: 0 14px 50px rgb(8 30 28 / 28%);
      background: Canvas; }
    iframe.inline { position: static; width: 100%; height: 100%; min-height: 420px; max-width: none;
      box-shadow: none; border-radius: 0; display: block; }
    @media (max-width: 480px) {
      iframe:not(.inline) { inset: 0; width: 100%; max-width: none; height: 100%; border-radius: 0; }
    }
    @media (prefers-reduced-motion: reduce) { button { transition: none; } }
  `;

  function contained(work) {
    return (...given) => {
      try {
        return work(...given);
      } catch (error) {
        console.warn("Kefu:", error);
        return undefined;
      }
    };
  }

  function drawing() {
    const space = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(space, "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    const path = document.createElementNS(space, "path");
    path.setAttribute(
      "d",
      "M5 7a2.5 2.5 0 0 1 2.5-2.5h9A2.5 2.5 0 0 1 19 7v7a2.5 2.5 0 0 1-2.5 2.5H12L8 20v-3.5A2.8 2.8 0 0 1 5 14zM9 10.5h.01M12 10.5h.01M15 10.5h.01",
    );
    svg.append(path);
    return svg;
  }

  const widgets = new Map();
  let rightOnes = 0;
  let leftOnes = 0;

  class Widget {
    constructor({ name = "", language = "", position = "right", target = "" } = {}) {
      this.name = String(name);
      this.language = language === "zh" || language === "en" ? language : "";
      this.side = position === "left" ? "left" : "right";
      this.target = target;
      this.listeners = new Map();
      this.waiting = [];
      this.ready = false;
      this.frame = null;
      this.button = null;
    }

    get words() {
      const spoken = (this.language || navigator.language || "").toLowerCase();
      return spoken.startsWith("zh") ? WORDS.zh : WORDS.en;
    }

    mount() {
      const place = this.target ? document.querySelector(this.target) : document.body;
      if (!place) throw new Error(`no element fits data-target ${this.target}`);
      const host = document.createElement("div");
      if (this.target) host.style.height = "100%";
      this.root = host.attachShadow({ mode: "open" });
      const shift = this.target ? 0 : (this.side === "left" ? leftOnes++ : rightOnes++) * 74;
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(css(this.side, shift));
      this.root.adoptedStyleSheets = [sheet];
      if (!this.target) this.makeButton();
      place.append(host);
      window.addEventListener("message", contained((event) => this.hear(event)));
      if (this.target || this.waiting.length) this.makeFrame();
      if (this.wanted) this.open();
    }

    makeButton() {
      this.badge = document.createElement("span");
      this.badge.className = "badge";
      this.badge.hidden = true;
      this.button = document.createElement("button");
      this.button.type = "button";
      this.button.append(drawing(), this.badge);
      this.button.addEventListener("click", contained(() => this.show(!this.isOpen())));
      this.root.append(this.button);
      this.label();
    }

    makeFrame() {
      if (this.frame || !this.root) return;
      const address = new URL(base);
      address.searchParams.set("embed", this.target ? "inline" : "1");
      address.searchParams.set("origin", location.origin);
      if (this.name) address.searchParams.set("name", this.name);
      if (this.language) address.searchParams.set("lang", this.language);
      this.frame = document.createElement("iframe");
      this.frame.src = address.href;
      this.frame.title = this.words.title;
      this.frame.className = this.target ? "inline" : "";
      this.frame.hidden = !this.target;
      this.root.prepend(this.frame);
      this.timer = setTimeout(contained(() => this.refused()), READY_MS);
    }

    // The chat did not answer: this site may not embed it, or it is out of reach.
    refused() {
      if (this.ready) return;
      if (this.frame) this.frame.remove();
      this.frame = null;
      this.label();
      console.warn(`Kefu: the chat at ${base.origin} did not load; may ${location.origin} embed it?`);
      this.emit("error", { reason: "unavailable" });
    }

    isOpen() {
      return Boolean(this.frame) && !this.frame.hidden;
    }

    label() {
      if (!this.button) return;
      const open = this.isOpen();
      const count = this.badge.hidden ? 0 : this.badge.textContent;
      const text = open ? this.words.close : this.words.open;
      this.button.setAttribute("aria-expanded", String(open));
      this.button.setAttribute("aria-label", count ? `${text}, ${this.words.unread(count)}` : text);
      this.button.title = text;
    }

    show(open) {
      if (!this.root) {
        this.wanted = open;
        return;
      }
      if (open) this.makeFrame();
      if (!this.frame || this.target || this.frame.hidden !== open) return;
      this.frame.hidden = !open;
      if (open) {
        this.badge.hidden = true;
        this.post({ type: "kefu:opened" });
        this.frame.focus();
      } else {
        this.post({ type: "kefu:closed" });
        this.button.focus();
      }
      this.label();
      this.emit(open ? "open" : "close");
    }

    post(message) {
      if (this.ready && this.frame) this.frame.contentWindow.postMessage(message, base.origin);
    }

    tell(message) {
      if (this.ready) {
        this.post(message);
        return;
      }
      this.waiting.push(message);
      this.makeFrame();
    }

    hear(event) {
      if (!this.frame || event.source !== this.frame.contentWindow || event.origin !== base.origin) return;
      const { type, count, name, detail } = event.data || {};
      if (type === "kefu:ready") {
        this.ready = true;
        clearTimeout(this.timer);
        this.post({ type: this.isOpen() ? "kefu:opened" : "kefu:closed" });
        for (const message of this.waiting.splice(0)) this.post(message);
        this.emit("ready");
      }
      if (type === "kefu:close") this.show(false);
      if (type === "kefu:unread") {
        if (this.badge && !this.isOpen() && count > 0) {
          this.badge.textContent = count > 9 ? "9+" : String(count);
          this.badge.hidden = false;
          this.label();
        }
        this.emit("unread", { count });
      }
      if (type === "kefu:event") this.emit(name, detail);
    }

    emit(name, detail = {}) {
      for (const listener of this.listeners.get(name) || []) contained(listener)(detail);
    }

    open() {
      this.show(true);
    }

    close() {
      this.show(false);
    }

    ask(text) {
      this.open();
      this.tell({ type: "kefu:ask", text: String(text) });
    }

    identify(token) {
      this.tell({ type: "kefu:identify", token: String(token) });
    }

    setLocale(language) {
      this.language = language === "zh" ? "zh" : "en";
      this.label();
      if (this.frame) {
        this.frame.title = this.words.title;
        this.tell({ type: "kefu:locale", language: this.language });
      }
    }

    on(name, listener) {
      if (typeof listener !== "function") return () => {};
      const listeners = this.listeners.get(name) || new Set();
      this.listeners.set(name, listeners.add(listener));
      return () => listeners.delete(listener);
    }
  }

  const METHODS = ["open", "close", "ask", "identify", "setLocale", "on"];

  // What the page gets: bound methods alone, none of which can throw.
  function handle(widget) {
    const made = { name: widget.name };
    for (const method of METHODS) made[method] = contained((...given) => widget[method](...given));
    return made;
  }

  function create(options) {
    const name = String((options && options.name) || "");
    if (widgets.has(name)) return widgets.get(name);
    const widget = new Widget(options);
    const made = handle(widget);
    widgets.set(name, made);
    const mount = contained(() => widget.mount());
    if (document.body) mount();
    else document.addEventListener("DOMContentLoaded", mount);
    return made;
  }

  contained(() => {
    const shared = window.Kefu && window.Kefu.create;
    const first = (shared ? window.Kefu.create : create)({ ...script.dataset });
    if (shared) return;
    window.Kefu = Object.assign(first, {
      create: contained(create),
      get: contained((name) => widgets.get(String(name))),
    });
    const early = Array.isArray(window.KefuQueue) ? window.KefuQueue : [];
    const run = contained(([method, ...given]) => METHODS.includes(method) && first[method](...given));
    for (const call of early.splice(0)) run(call);
    window.KefuQueue = { push: (call) => run(call) };
  })();
})();
