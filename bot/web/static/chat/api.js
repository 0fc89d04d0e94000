// The customers' API. The token travels in a header only, never in an address.

export class ApiError extends Error {
  constructor(status, code, detail, wait = 0) {
    super(detail);
    this.status = status;
    this.code = code;
    this.wait = wait;
  }

  // The conversation cannot be opened (any more) with this token.
  get gone() {
    return (
      [401, 404].includes(this.status) || (this.status === 403 && this.code === "wrong_conversation")
    );
  }

  // It may work later, with the same words.
  get passing() {
    return this.status === 0 || this.status >= 500;
  }
}

let site = null;

// The site that this page is embedded in: tokens are bound to it.
export function embeddedIn(origin) {
  site = origin;
}

async function call(path, { method = "GET", token = null, body, file, headers = {}, signal } = {}) {
  const sent = { Accept: "application/json", ...headers };
  if (token) sent.Authorization = `Bearer ${token}`;
  if (site) sent["Kefu-Origin"] = site;
  if (body !== undefined) sent["Content-Type"] = "application/json";
  if (file) sent["Content-Type"] = "application/octet-stream";
  let response;
  try {
    response = await fetch(new URL(`api/${path}`, document.baseURI), {
      method,
      headers: sent,
      body: file || (body === undefined ? undefined : JSON.stringify(body)),
      signal,
      credentials: "omit",
      cache: "no-store",
    });
  } catch (error) {
    if (signal && signal.aborted) throw error;
    throw new ApiError(0, "network", String(error));
  }
  if (response.ok) return response;
  let told = {};
  try {
    told = await response.json();
  } catch {
    // A proxy in between may answer with a page of its own.
  }
  const wait = Number(response.headers.get("Retry-After")) || 0;
  throw new ApiError(response.status, told.error || "http", told.detail || response.statusText, wait);
}

const of = (id, what) => `conversations/${encodeURIComponent(id)}/${what}`;

export async function shop() {
  return (await call("shop")).json();
}

// With the token of an earlier conversation the visitor stays the same.
export async function begin(language, token) {
  return (await call("conversations", { method: "POST", token, body: { language } })).json();
}

export async function renew({ id, token }) {
  return (await call(of(id, "token"), { method: "POST", token })).json();
}

export async function send({ id, token }, message) {
  return (await call(of(id, "messages"), { method: "POST", token, body: message })).json();
}

export async function history({ id, token }, after) {
  return (await call(`${of(id, "messages")}?after=${after}`, { token })).json();
}

export async function citation({ id, token }, message, n) {
  const path = `conversations/${encodeURIComponent(id)}/messages/${message}/citations/${n}`;
  return (await call(path, { token })).json();
}

export async function askForPerson({ id, token }) {
  return (await call(of(id, "handoff"), { method: "POST", token })).json();
}

export async function identify({ id, token }, identity) {
  await call(of(id, "identity"), { method: "POST", token, body: { token: identity } });
}

export async function typing({ id, token }) {
  await call(of(id, "typing"), { method: "POST", token });
}

export async function rate({ id, token }, score, comment) {
  await call(of(id, "rating"), { method: "POST", token, body: { score, comment } });
}

export async function transcript({ id, token }) {
  return (await call(of(id, "transcript"), { token, headers: { Accept: "text/plain" } })).blob();
}

export async function attach({ id, token }, message, file) {
  const query = new URLSearchParams({ message, name: file.name || "file" });
  return (await call(`${of(id, "attachments")}?${query}`, { method: "POST", token, file })).json();
}

export async function download({ token }, attachment) {
  const path = `attachments/${encodeURIComponent(attachment)}`;
  return (await call(path, { token, headers: { Accept: "*/*" } })).blob();
}

export async function thumb({ token }, message, value, reason) {
  const body = reason ? { value, reason } : { value };
  await call(`messages/${message}/feedback`, { method: "POST", token, body });
}

export async function openEvents({ id, token }, after, signal) {
  const headers = { Accept: "text/event-stream", "Last-Event-ID": String(after) };
  return call(of(id, "events"), { token, headers, signal });
}
