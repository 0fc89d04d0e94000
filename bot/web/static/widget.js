// The widget's loader: a button on the shop's page that opens the chat in a frame.
//
//   <script src="https://chat.example.com/widget.js" async data-language="zh"></script>
//
// data-language   zh or en; without it, the visitor's
// data-position   left or right (the default)
//
// Everything lives in a shadow tree with a constructed style sheet, so that neither the page's
// styles nor a strict content security policy get in the way; the page's policy must allow this
// origin in script-src and frame-src.
(() => {
  "use strict";
  const script = document.currentScript;
  if (!script || window.kefuWidget) return;
  window.kefuWidget = true;

  const base = new URL("chat", script.src);
  const language = script.dataset.language || "";
  const side = script.dataset.position === "left" ? "left" : "right";
  const zh = (language || navigator.language || "").toLowerCase().startsWith("zh");
  const words = zh
    ? { open: "打开在线客服", close: "收起在线客服", title: "在线客服" }
    : { open: "Open chat", close: "Close chat", title: "Customer service chat" };

  const css = `
    :host { all: initial; }
    button { position: fixed; z-index: 2147483000; ${side}: 20px; bottom: 20px; width: 58px;
      height: 58px; padding: 0; border: 0; border-radius: 50%; color: #fff; cursor: pointer;
      background: linear-gradient(145deg, #159488, #0b5f58);
      box-shadow: 0 6px 22px rgb(8 50 46 / 35%); transition: transform .15s; }
    button:hover { transform: translateY(-2px); }
    button:focus-visible { outline: 3px solid #7fd8ce; outline-offset: 3px; }
    svg { width: 28px; height: 28px; fill: none; stroke: currentcolor; stroke-width: 1.8;
      stroke-linecap: round; stroke-linejoin: round; display: block; margin: auto; }
    .badge { position: absolute; top: -3px; ${side === "left" ? "left" : "right"}: -3px;
      min-width: 21px; height: 21px; padding: 0 5px; border-radius: 11px; background: #d92d20;
      font: 600 12px/21px system-ui, sans-serif; box-sizing: border-box; }
    .badge[hidden] { display: none; }
    iframe { position: fixed; z-index: 2147483001; ${side}: 20px; bottom: 92px; width: 392px;
      height: min(660px, calc(100vh - 116px)); border: 0; border-radius: 18px; color-scheme: normal;
      box-shadow: 0 14px 50px rgb(8 30 28 / 28%); background: Canvas; }
    iframe[hidden] { display: none; }
    @media (max-width: 480px) {
      iframe { inset: 0; width: 100%; height: 100%; border-radius: 0; }
    }
    @media (prefers-reduced-motion: reduce) { button { transition: none; } }
  `;

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

  function start() {
    const host = document.createElement("div");
    const root = host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    root.adoptedStyleSheets = [sheet];

    const badge = document.createElement("span");
    badge.className = "badge";
    badge.hidden = true;
    const button = document.createElement("button");
    button.type = "button";
    button.append(drawing(), badge);
    root.append(button);
    let frame = null;

    function tell(type) {
      if (frame && frame.contentWindow) frame.contentWindow.postMessage({ type }, base.origin);
    }

    function makeFrame() {
      const address = new URL(base);
      address.searchParams.set("embed", "1");
      address.searchParams.set("origin", location.origin);
      if (language) address.searchParams.set("lang", language);
      frame = document.createElement("iframe");
      frame.src = address.href;
      frame.title = words.title;
      frame.hidden = true;
      root.insertBefore(frame, button);
    }

    function label(open) {
      button.setAttribute("aria-expanded", String(open));
      button.setAttribute("aria-label", open ? words.close : words.open);
      button.title = open ? words.close : words.open;
    }

    function show(open) {
      if (open && !frame) makeFrame();
      if (frame) frame.hidden = !open;
      label(open);
      if (open) {
        badge.hidden = true;
        tell("kefu:opened");
        frame.focus();
      } else {
        tell("kefu:closed");
        button.focus();
      }
    }

    button.addEventListener("click", () => show(!frame || frame.hidden));
    window.addEventListener("message", (event) => {
      if (!frame || event.source !== frame.contentWindow || event.origin !== base.origin) return;
      const { type, count } = event.data || {};
      if (type === "kefu:ready" && !frame.hidden) tell("kefu:opened");
      if (type === "kefu:close") show(false);
      if (type === "kefu:unread" && frame.hidden && count > 0) {
        badge.textContent = count > 9 ? "9+" : String(count);
        badge.hidden = false;
      }
    });
    label(false);
    document.body.append(host);
  }

  if (document.body) start();
  else document.addEventListener("DOMContentLoaded", start);
})();
