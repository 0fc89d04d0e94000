// What the browser keeps between visits. A frame on a foreign page may not be allowed to keep
// anything; then it is kept for as long as the page is open.

const HOURS = 24;

function store() {
  try {
    const storage = window.localStorage;
    storage.setItem("kefu.probe", "1");
    storage.removeItem("kefu.probe");
    return storage;
  } catch {
    return null;
  }
}

export class Memory {
  // Each widget of a site remembers for itself: `scope` is its site and name.
  constructor(scope) {
    this.storage = store();
    this.loose = new Map();
    this.prefix = scope ? `kefu.${scope}.` : "kefu.";
  }

  read(key) {
    const text = this.storage ? this.storage.getItem(this.prefix + key) : this.loose.get(key);
    try {
      return text ? JSON.parse(text) : null;
    } catch {
      return null;
    }
  }

  write(key, value) {
    const text = JSON.stringify(value);
    try {
      if (this.storage) this.storage.setItem(this.prefix + key, text);
      else this.loose.set(key, text);
    } catch {
      this.loose.set(key, text);
    }
  }

  forget(key) {
    this.loose.delete(key);
    if (this.storage) this.storage.removeItem(this.prefix + key);
  }

  conversation() {
    const kept = this.read("conversation");
    const fresh = kept && Date.now() - kept.at < HOURS * 3600 * 1000;
    return fresh && kept.id && kept.token ? kept : null;
  }

  keepConversation(id, token) {
    this.write("conversation", { id, token, at: Date.now() });
  }

  // Messages that the server has not confirmed: sent again after a reload, under the same ids.
  unsent() {
    const kept = this.read("unsent");
    return Array.isArray(kept) ? kept.filter((message) => message && message.id && message.text) : [];
  }

  keepUnsent(messages) {
    if (messages.length) this.write("unsent", messages);
    else this.forget("unsent");
  }
}
