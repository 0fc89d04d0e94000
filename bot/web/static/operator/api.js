// The staff API, by the session's cookie.

export async function call(path, method = "GET", body) {
  const response = await fetch(new URL(`api/admin/${path}`, document.baseURI), {
    method,
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
    cache: "no-store",
  });
  return told(response);
}

async function told(response) {
  let found = null;
  if (response.status !== 204) found = await response.json().catch(() => ({ detail: response.statusText }));
  if (!response.ok) throw Object.assign(new Error(found.detail), { status: response.status });
  return found;
}

// Sending the same `id` again sends nothing more.
export async function sendFile(conversation, id, file) {
  const query = new URLSearchParams({ message: id, name: file.name || "file" });
  const address = new URL(`api/admin/${of(conversation, "/attachments")}?${query}`, document.baseURI);
  const headers = { "Content-Type": "application/octet-stream" };
  return told(await fetch(address, { method: "POST", headers, body: file, cache: "no-store" }));
}

export const of = (id, what = "") => `conversations/${encodeURIComponent(id)}${what}`;

export function attachmentAddress(id) {
  return new URL(`api/admin/attachments/${encodeURIComponent(id)}`, document.baseURI).href;
}

export function listen(id, after, hear) {
  const address = new URL(`api/admin/${of(id, "/events")}?after=${after}`, document.baseURI);
  const source = new EventSource(address);
  for (const kind of ["message", "draft", "retract", "typing", "customer_typing", "status"]) {
    // A plain `error` event is the connection's own and carries no data.
    source.addEventListener(kind, (event) => event.data && hear(kind, JSON.parse(event.data)));
  }
  return source;
}
