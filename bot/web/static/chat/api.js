// The customers' API. The token travels in a header only, never in an address.

export class ApiError extends Error {
  constructor(status, code, detail) {
    super(detail);
    this.status = status;
    this.code = code;
  }
}

async function call(path, { method = "GET", token = null, body, headers = {}, signal } = {}) {
  const sent = { Accept: "application/json", ...headers };
  if (token) sent.Authorization = `Bearer ${token}`;
  if (body !== undefined) sent["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(new URL(`api/${path}`, document.baseURI), {
      method,
      headers: sent,
      body: body === undefined ? undefined : JSON.stringify(body),
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
  throw new ApiError(response.status, told.error || "http", told.detail || response.statusText);
}

export async function shop() {
  return (await call("shop")).json();
}

export async function begin(language) {
  return (await call("conversations", { method: "POST", body: { language } })).json();
}

export async function send({ id, token }, message) {
  const path = `conversations/${encodeURIComponent(id)}/messages`;
  return (await call(path, { method: "POST", token, body: message })).json();
}

export async function history({ id, token }, after) {
  const path = `conversations/${encodeURIComponent(id)}/messages?after=${after}`;
  return (await call(path, { token })).json();
}

export async function citation({ id, token }, message, n) {
  const path = `conversations/${encodeURIComponent(id)}/messages/${message}/citations/${n}`;
  return (await call(path, { token })).json();
}

export async function askForPerson({ id, token }) {
  const path = `conversations/${encodeURIComponent(id)}/handoff`;
  return (await call(path, { method: "POST", token })).json();
}

export async function thumb({ token }, message, value) {
  await call(`messages/${message}/feedback`, { method: "POST", token, body: { value } });
}

export async function openEvents({ id, token }, after, signal) {
  const path = `conversations/${encodeURIComponent(id)}/events`;
  const headers = { Accept: "text/event-stream", "Last-Event-ID": String(after) };
  return call(path, { token, headers, signal });
}
