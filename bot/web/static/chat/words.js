// Every word of the chat page, in both languages.

const WORDS = {
  zh: {
    nameless: "在线客服",
    title: (name) => (name ? `${name} · 在线客服` : "在线客服"),
    online: "智能客服在线",
    waiting: "正在为您转接人工…",
    person: "人工客服为您服务",
    closed: "会话已结束，继续发消息即可重新开始",
    connecting: "连接中…",
    reconnecting: "网络不太稳定，正在重新连接…",
    offline: "当前没有网络，恢复后会自动重连",
    other: "English",
    otherLabel: "Switch to English",
    close: "收起聊天窗口",
    restart: "开始新会话",
    restartAsk: "开始新会话？当前记录将不再显示。",
    yes: "开始",
    no: "取消",
    log: "聊天记录",
    offers: "可以这样问",
    typing: "对方正在输入…",
    placeholder: "请输入您的问题…",
    inputLabel: "消息内容",
    send: "发送",
    talkToPerson: "转人工",
    hint: "Enter 发送，Shift + Enter 换行",
    left: (n) => `还可输入 ${n} 字`,
    over: (n) => `超出 ${n} 字，请精简一些`,
    down: "回到最新消息",
    you: "您",
    bot: "智能客服",
    operator: "人工客服",
    helpful: "有帮助",
    unhelpful: "没帮助",
    thanks: "感谢您的反馈",
    sorry: "收到，我们会改进",
    source: (n) => `查看依据 ${n}`,
    sources: "依据",
    closeSource: "关闭",
    sourceText: "文档原文",
    sourceLoading: "正在打开文档…",
    sourceChanged: "文档后来有改动或已删除，以下是回复时引用的原文。",
    sourceFailed: "文档暂时打不开，以下是回复时引用的原文。",
    sending: "发送中…",
    failed: "未发送成功",
    retry: "重试",
    errorNetwork: "网络好像断开了，消息还没有发出去。",
    errorServer: "服务暂时不可用，请稍后再试。",
    errorTooLong: "消息太长了，请分几条发送。",
    errorTooMany: "发送太频繁了，请稍等片刻。",
    errorEmpty: "请输入文字后再发送。",
    errorLoad: "暂时连不上客服，请检查网络。",
    reload: "重新加载",
  },
  en: {
    nameless: "Customer service",
    title: (name) => (name ? `${name} · Chat` : "Chat"),
    online: "Assistant online",
    waiting: "Finding a colleague for you…",
    person: "You're talking to a person",
    closed: "This chat has ended; write again to reopen it",
    connecting: "Connecting…",
    reconnecting: "Connection lost, reconnecting…",
    offline: "You're offline; we'll reconnect when you're back",
    other: "中文",
    otherLabel: "切换到中文",
    close: "Close the chat",
    restart: "New conversation",
    restartAsk: "Start a new conversation? This one will no longer be shown.",
    yes: "Start",
    no: "Cancel",
    log: "Conversation",
    offers: "Suggested questions",
    typing: "Typing…",
    placeholder: "Ask a question…",
    inputLabel: "Your message",
    send: "Send",
    talkToPerson: "Talk to a person",
    hint: "Enter to send, Shift + Enter for a new line",
    left: (n) => `${n} characters left`,
    over: (n) => `${n} characters too long`,
    down: "Jump to the latest message",
    you: "You",
    bot: "Assistant",
    operator: "Our team",
    helpful: "Helpful",
    unhelpful: "Not helpful",
    thanks: "Thanks for telling us",
    sorry: "Thanks, we'll work on it",
    source: (n) => `Show source ${n}`,
    sources: "Sources",
    closeSource: "Close",
    sourceText: "Text of the document",
    sourceLoading: "Opening the document…",
    sourceChanged: "The document has since been changed or removed. These are the words as they were quoted.",
    sourceFailed: "The document can't be opened right now. These are the words as they were quoted.",
    sending: "Sending…",
    failed: "Not sent",
    retry: "Try again",
    errorNetwork: "You seem to be offline, so your message wasn't sent.",
    errorServer: "Something's wrong on our side. Please try again in a moment.",
    errorTooLong: "That message is too long. Please split it up.",
    errorTooMany: "You're sending messages very quickly. Please wait a moment.",
    errorEmpty: "Please write something first.",
    errorLoad: "We can't reach the chat service right now.",
    reload: "Reload",
  },
};

export const LANGUAGES = Object.keys(WORDS);

let current = "en";

export function speak(language) {
  current = language in WORDS ? language : "en";
}

export function spoken() {
  return current;
}

export function say(key, ...values) {
  const words = WORDS[current][key];
  return typeof words === "function" ? words(...values) : words;
}

export function pickLanguage(wished, offered, fallback) {
  for (const wish of wished) {
    const short = String(wish || "").toLowerCase().slice(0, 2);
    if (offered.includes(short) && short in WORDS) return short;
  }
  return fallback in WORDS ? fallback : "en";
}
