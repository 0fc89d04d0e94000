// Every word of the chat page, in both languages.

const WORDS = {
  zh: {
    nameless: "在线客服",
    title: (name) => (name ? `${name} · 在线客服` : "在线客服"),
    online: "智能客服在线",
    waiting: (place) => (place > 1 ? `排队中，您前面还有 ${place - 1} 位` : "马上为您接入人工…"),
    waitingClosed: "现在是下班时间，同事上班后会回复您",
    person: (name) => (name ? `${name} 正在为您服务` : "人工客服为您服务"),
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
    hours: (hours) => `人工服务时间：${hours}`,
    closedNow: "人工现在不在线，留言后会尽快回复",
    attach: "发送图片或 PDF",
    attachTooBig: (size) => `文件太大了，最多 ${size}`,
    attachKind: "只能发送图片（PNG、JPEG、GIF、WebP）或 PDF。",
    attachLater: "转接人工后才能发送文件。",
    attachSending: (name) => `正在发送 ${name}…`,
    download: (name) => `下载 ${name}`,
    transcript: "下载聊天记录",
    transcriptName: "聊天记录",
    reasonAsk: "哪里不满意？（选填）",
    reasons: ["答非所问", "内容不准确", "看不明白", "没解决问题"],
    reasonOther: "补充说明",
    reasonSend: "提交",
    rateAsk: "会话已结束，请为本次服务打分",
    rateStars: (n) => `${n} 分，满分 5 分`,
    rateComment: "还想说点什么？（选填）",
    rateSend: "提交评价",
    rateThanks: "感谢您的评价！",
    unreadTitle: (n, title) => `(${n}) ${title}`,
    errorWait: (seconds) =>
      seconds > 90
        ? `发送得有点频繁，请 ${Math.ceil(seconds / 60)} 分钟后再试。`
        : `发送得有点频繁，请 ${seconds} 秒后再试。`,
    errorOrigin: "这个网站还不能使用在线客服。",
    retrying: "等网络恢复后会自动发送",
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
    errorNetwork: "网络好像断开了，恢复后会自动发送。",
    errorServer: "服务暂时不可用，请稍后再试。",
    errorTooLong: "消息太长了，请分几条发送。",
    errorEmpty: "请输入文字后再发送。",
    errorLoad: "暂时连不上客服，请检查网络。",
    reload: "重新加载",
  },
  en: {
    nameless: "Customer service",
    title: (name) => (name ? `${name} · Chat` : "Chat"),
    online: "Assistant online",
    waiting: (place) =>
      place > 1 ? `In the queue, ${place - 1} ahead of you` : "You're next, a colleague is on the way…",
    waitingClosed: "We're closed now and will reply when we're back",
    person: (name) => (name ? `${name} is helping you` : "You're talking to a person"),
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
    hours: (hours) => `People are here ${hours}`,
    closedNow: "Nobody is here now; leave a message and we'll reply",
    attach: "Send a picture or PDF",
    attachTooBig: (size) => `That file is too large; the limit is ${size}.`,
    attachKind: "Only pictures (PNG, JPEG, GIF, WebP) and PDFs can be sent.",
    attachLater: "Files can be sent once you talk to a person.",
    attachSending: (name) => `Sending ${name}…`,
    download: (name) => `Download ${name}`,
    transcript: "Download the conversation",
    transcriptName: "chat",
    reasonAsk: "What was wrong? (optional)",
    reasons: ["Not my question", "Incorrect", "Hard to understand", "Didn't solve it"],
    reasonOther: "Tell us more",
    reasonSend: "Send",
    rateAsk: "This chat has ended. How was it?",
    rateStars: (n) => `${n} out of 5`,
    rateComment: "Anything else? (optional)",
    rateSend: "Send rating",
    rateThanks: "Thank you for rating us!",
    unreadTitle: (n, title) => `(${n}) ${title}`,
    errorWait: (seconds) =>
      seconds > 90
        ? `You're sending messages very quickly. Please try again in ${Math.ceil(seconds / 60)} minutes.`
        : `You're sending messages very quickly. Please try again in ${seconds} seconds.`,
    errorOrigin: "This site isn't set up for chat yet.",
    retrying: "It will be sent when the connection is back",
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
    errorNetwork: "You seem to be offline. We'll send your message when you're back.",
    errorServer: "Something's wrong on our side. Please try again in a moment.",
    errorTooLong: "That message is too long. Please split it up.",
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
