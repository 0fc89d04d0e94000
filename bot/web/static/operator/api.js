// The staff API, by the session's cookie.

export async function call(path, method = "GET", body) {
  const response = await fetch(new URL(`api/admin/${path}`, document.baseURI), {
    method,
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
    cache: "no-store",
  });
  let told = null;
  if (response.status !== 204) told = await response.json().catch(() => ({ detail: response.statusText }));
  if (!response.ok) throw Object.assign(new Error(told.detail), { status: response.status });
  return told;
}

export const of = (id, what = "") => `conversations/${encodeURIComponent(id)}${what}`;

export function attachmentAddress(id) {
  return new URL(`api/admin/attachments/${encodeURIComponent(id)}`, document.baseURI).href;
}

export function listen(id, after, told) {
  const address = new URL(`api/admin/${of(id, "/events")}?after=${after}`, document.baseURI);
  const source = new EventSource(address);
  for (const kind of ["message", "draft", "retract", "typing", "customer_typing", "status"]) {
    // A plain `error` event is the connection's own and carries no data.
    source.addEventListener(kind, (event) => event.data && told(kind, JSON.parse(event.data)));
  }
  return source;
}
