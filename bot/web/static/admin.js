// The staff page as far as it goes: log in, look at numbers, live conversations and bundles.

import { setUpFinder } from "./admin/finder.js";
import { byId, make } from "./chat/dom.js";
import { LANGUAGES, pickLanguage } from "./chat/words.js";

const WORDS = {
  zh: {
    other: "English",
    honest: "这里可以查看运行情况、测试搜索、上传文档、接管会话和切换模型版本。其余功能请使用命令行或 ",
    api: "接口文档",
    login: "员工登录",
    name: "用户名",
    password: "密码",
    submit: "登录",
    logout: "退出",
    stats: "概况",
    conversations: "最近会话",
    bundles: "模型版本",
    none: "暂无",
    columns: ["编号", "渠道", "状态", "语言", "开始时间", ""],
    bundleColumns: ["编号", "结果", "创建时间", "状态", ""],
    live: "使用中",
    promote: "启用",
    take: "接管",
    give_back: "交还机器人",
    status: { bot: "机器人", waiting: "等待人工", person: "人工", closed: "已结束" },
    counts: { templates: "回复模板", examples: "训练问题", documents: "知识文档", open_reviews: "待审核", bundle: "使用中的版本" },
    noneLive: "尚未训练",
    wrong: "用户名或密码不正确",
    many: "尝试次数过多，请稍后再试",
    failed: "操作失败：",
  },
  en: {
    other: "中文",
    honest: "See how things run, try the search, add documents, take over conversations and switch bundles here. Everything else is in the command line and the ",
    api: "API",
    login: "Staff log-in",
    name: "Name",
    password: "Password",
    submit: "Log in",
    logout: "Log out",
    stats: "Overview",
    conversations: "Recent conversations",
    bundles: "Bundles",
    none: "Nothing yet",
    columns: ["Id", "Channel", "Status", "Language", "Began", ""],
    bundleColumns: ["Id", "Outcome", "Made", "State", ""],
    live: "live",
    promote: "Make live",
    take: "Take over",
    give_back: "Give back to the bot",
    status: { bot: "bot", waiting: "waiting for a person", person: "a person", closed: "closed" },
    counts: { templates: "Templates", examples: "Training questions", documents: "Documents", open_reviews: "To review", bundle: "Live bundle" },
    noneLive: "none yet",
    wrong: "Wrong name or password",
    many: "Too many attempts; try again later",
    failed: "That failed: ",
  },
};

let words = WORDS.en;

async function call(path, method = "GET", body) {
  const response = await fetch(new URL(`api/admin/${path}`, document.baseURI), {
    method,
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
    cache: "no-store",
  });
  const told = response.status === 204 ? null : await response.json();
  if (!response.ok) throw Object.assign(new Error(told.detail), { status: response.status });
  return told;
}

const finder = setUpFinder(call);

function speak(language) {
  words = WORDS[language];
  finder.speak(language);
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  const texts = {
    language: "other", "login-title": "login", "name-label": "name", "password-label": "password",
    submit: "submit", logout: "logout", "stats-title": "stats",
    "conversations-title": "conversations", "bundles-title": "bundles",
  };
  for (const [id, key] of Object.entries(texts)) byId(id).textContent = words[key];
  const link = make("a", { text: words.api, attributes: { href: "docs" } });
  byId("honest").replaceChildren(words.honest, link, words === WORDS.zh ? "。" : ".");
}

const when = (text) => new Date(text).toLocaleString(document.documentElement.lang);

function table(id, columns, rows) {
  const cells = (row) => row.map((cell) => make("td", {}, cell));
  const head = make("tr", {}, ...columns.map((text) => make(text ? "th" : "td", { text })));
  const body = rows.map((row) => make("tr", {}, ...cells(row)));
  if (!body.length) body.push(make("tr", {}, make("td", { className: "empty", text: words.none })));
  byId(id).replaceChildren(make("thead", {}, head), make("tbody", {}, ...body));
}

function action(text, work) {
  const run = () => work().then(refresh).catch((error) => {
    byId("error").textContent = words.failed + error.message;
  });
  return make("button", { text, attributes: { type: "button" }, on: { click: run } });
}

function conversationRow(one) {
  const held = one.status === "person";
  const move = held ? "give_back" : "take";
  const path = `conversations/${encodeURIComponent(one.id)}/status`;
  return [
    make("code", { text: one.id.slice(0, 12) }), one.channel, words.status[one.status],
    one.language || "", when(one.created_at), action(words[move], () => call(path, "POST", { move })),
  ];
}

function bundleRow(admin) {
  return (one) => {
    const path = `bundles/${encodeURIComponent(one.id)}/promote`;
    const button = one.live || !admin ? "" : action(words.promote, () => call(path, "POST", {}));
    const report = `api/admin/bundles/${encodeURIComponent(one.id)}/report`;
    const id = make("a", { text: one.id, attributes: { href: report, target: "_blank", rel: "noopener" } });
    return [id, one.outcome, when(one.created_at), one.live ? words.live : "", button];
  };
}

async function refresh() {
  byId("error").textContent = "";
  const me = await call("me");
  const [stats, conversations, bundles] = await Promise.all([
    call("stats"), call("conversations"), call("bundles"),
  ]);
  byId("who").textContent = `${me.name} · ${me.role}`;
  const counts = Object.entries(words.counts).flatMap(([key, label]) => [
    make("div", {}, make("dt", { text: label }), make("dd", {
      text: String(stats[key] ?? words.noneLive), className: key === "bundle" ? "small" : "",
    })),
  ]);
  byId("stats").replaceChildren(...counts);
  table("conversations", words.columns, conversations.map(conversationRow));
  table("bundles", words.bundleColumns, bundles.map(bundleRow(me.role === "admin")));
  show(true);
  await finder.refresh();
}

function show(loggedIn) {
  byId("login").hidden = loggedIn;
  byId("console").hidden = !loggedIn;
  byId("logout").hidden = !loggedIn;
  if (!loggedIn) byId("who").textContent = "";
}

async function open() {
  try {
    await refresh();
  } catch (error) {
    show(false);
    if (error.status !== 401) byId("login-error").textContent = error.message;
  }
}

byId("login").addEventListener("submit", async (event) => {
  event.preventDefault();
  byId("login-error").textContent = "";
  try {
    await call("login", "POST", { name: byId("name").value, password: byId("password").value });
    byId("password").value = "";
    await refresh();
  } catch (error) {
    const told = { 401: words.wrong, 429: words.many };
    byId("login-error").textContent = told[error.status] || words.failed + error.message;
  }
});
byId("logout").addEventListener("click", () => call("logout", "POST").finally(open));

let language = pickLanguage(navigator.languages, LANGUAGES, "en");
byId("language").addEventListener("click", () => {
  language = language === "zh" ? "en" : "zh";
  speak(language);
  open();
});
speak(language);
open();
