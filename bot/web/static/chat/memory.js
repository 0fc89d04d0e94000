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
  constructor() {
    this.storage = store();
    this.loose = new Map();
  }

  read(key) {
    const text = this.storage ? this.storage.getItem(`kefu.${key}`) : this.loose.get(key);
    try {
      return text ? JSON.parse(text) : null;
    } catch {
      return null;
    }
  }

  write(key, value) {
    const text = JSON.stringify(value);
    try {
      if (this.storage) this.storage.setItem(`kefu.${key}`, text);
      else this.loose.set(key, text);
    } catch {
      this.loose.set(key, text);
    }
  }

  forget(key) {
    this.loose.delete(key);
    if (this.storage) this.storage.removeItem(`kefu.${key}`);
  }

  conversation() {
    const kept = this.read("conversation");
    const fresh = kept && Date.now() - kept.at < HOURS * 3600 * 1000;
    return fresh && kept.id && kept.token ? kept : null;
  }

  keepConversation(id, token) {
    this.write("conversation", { id, token, at: Date.now() });
  }
}
