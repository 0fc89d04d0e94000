// Every word of the operators' page, in both languages.

export const WORDS = {
  zh: {
    title: "客服工作台", other: "English", login: "客服登录", name: "用户名", password: "密码", submit: "登录", logout: "退出",
    wrong: "用户名或密码不正确", many: "尝试次数过多，请稍后再试", failed: (why) => `操作失败：${why}`,
    lost: "连接中断，正在重试…", state: (name, people, open) => `${name} · 在线 ${people} 人${open ? "" : " · 非工作时间"}`,
    waiting: "排队中", mine: "我的会话", others: "同事的会话", none: "暂无",
    nothing: "从左侧选择一个会话。", back: "返回列表",
    visitor: (n) => `访客 ${n}`, place: (n) => `第 ${n} 位`, waited: (time) => `已等待 ${time}`,
    seconds: (n) => `${n} 秒`, minutes: (n) => `${n} 分钟`, hours: (n) => `${n} 小时`,
    take: "接入", takeFrom: (name) => `从 ${name} 处接管`, give_back: "交还机器人", close: "结束会话",
    status: { bot: "机器人接待中", waiting: "等待人工", person: (name) => `${name} 接待中`, closed: "已结束" },
    from: { customer: "客户", bot: "机器人", operator: "客服", system: "系统" },
    trace: "为什么这样回答", reason: "依据", intent: "意图", confidence: "把握", documents: "资料", decision: "处理",
    typing: "客户正在输入…", text: "回复客户", send: "发送", hint: "Enter 发送，Shift + Enter 换行",
    takeFirst: "接入后即可回复", phrases: "快捷回复", add: "新增", edit: "编辑", remove: "删除", save: "保存", cancel: "取消",
    phraseTitle: "标题", phraseZh: "中文内容", phraseEn: "英文内容", noPhrases: "还没有快捷回复。",
    attach: "发送图片或 PDF", attachTooBig: (size) => `文件太大了，最多 ${size}`,
    attachKind: "只能发送图片（PNG、JPEG、GIF、WebP）或 PDF。",
    download: (name) => `下载 ${name}`, title_waiting: (n, title) => `(${n}) ${title}`,
  },
  en: {
    title: "Operator desk", other: "中文", login: "Operator log-in", name: "Name", password: "Password", submit: "Log in", logout: "Log out",
    wrong: "Wrong name or password", many: "Too many attempts; try again later", failed: (why) => `That failed: ${why}`,
    lost: "Connection lost, trying again…", state: (name, people, open) => `${name} · ${people} online${open ? "" : " · outside office hours"}`,
    waiting: "Waiting", mine: "My conversations", others: "Colleagues' conversations", none: "Nobody",
    nothing: "Choose a conversation from the list.", back: "Back to the list",
    visitor: (n) => `Visitor ${n}`, place: (n) => `No. ${n}`, waited: (time) => `waiting ${time}`,
    seconds: (n) => `${n} s`, minutes: (n) => `${n} min`, hours: (n) => `${n} h`,
    take: "Take", takeFrom: (name) => `Take over from ${name}`, give_back: "Back to the bot", close: "End",
    status: { bot: "the bot answers", waiting: "waiting for a person", person: (name) => `${name} answers`, closed: "ended" },
    from: { customer: "Customer", bot: "Bot", operator: "Operator", system: "System" },
    trace: "Why this answer", reason: "Reason", intent: "Intent", confidence: "Confidence", documents: "Documents", decision: "Decision",
    typing: "The customer is typing…", text: "Reply to the customer", send: "Send", hint: "Enter to send, Shift + Enter for a new line",
    takeFirst: "Take the conversation to answer", phrases: "Canned replies", add: "Add", edit: "Edit", remove: "Delete", save: "Save", cancel: "Cancel",
    phraseTitle: "Title", phraseZh: "Chinese text", phraseEn: "English text", noPhrases: "No canned replies yet.",
    attach: "Send a picture or PDF", attachTooBig: (size) => `That file is too large; the limit is ${size}.`,
    attachKind: "Only pictures (PNG, JPEG, GIF, WebP) and PDFs can be sent.",
    download: (name) => `Download ${name}`, title_waiting: (n, title) => `(${n}) ${title}`,
  },
};

let current = "en";

export function speak(language) {
  current = language in WORDS ? language : "en";
}

export function spoken() {
  return current;
}

export function say(key, ...values) {
  const found = key.split(".").reduce((words, part) => words[part], WORDS[current]);
  return typeof found === "function" ? found(...values) : found;
}

export function age(since, now) {
  const seconds = Math.max(0, Math.round((now - new Date(since)) / 1000));
  if (seconds < 60) return say("seconds", seconds);
  if (seconds < 3600) return say("minutes", Math.floor(seconds / 60));
  return say("hours", Math.floor(seconds / 3600));
}
