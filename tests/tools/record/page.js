// Runs in Chromium. The log goes to the browser's console, not over the wire.
'use strict';
const hex = (buffer) => Array.from(new Uint8Array(buffer), (b) => b.toString(16).padStart(2, '0')).join('');
const ws = new WebSocket(`ws://${location.host}/echo`, ['chat.v1', 'none.v0']);
ws.binaryType = 'arraybuffer';
const bytes = (data) => (typeof data === 'string' ? new TextEncoder().encode(data) : new Uint8Array(data));
const log = (ev, data) => {
  console.log('TRUTH ' + JSON.stringify({ ev, kind: typeof data === 'string' ? 'text' : 'binary', hex: hex(bytes(data)) }));
};
const waiting = [];
const arrived = [];
ws.onmessage = ({ data }) => {
  log('recv', data);
  if (waiting.length) waiting.shift()(data);
  else arrived.push(data);
};
const next = () => new Promise((resolve) => (arrived.length ? resolve(arrived.shift()) : waiting.push(resolve)));
const send = (data) => {
  log('send', data);
  ws.send(data);
};
ws.onopen = async () => {
  console.log('TRUTH ' + JSON.stringify({ ev: 'open', subprotocol: ws.protocol, extensions: ws.extensions }));
  for (const text of ['hello from the page', 'Žluťoučký kůň 🐎', '', 'x'.repeat(125), 'y'.repeat(126), '{"json":[1,2,3]}']) {
    send(text);
    await next();
  }
  send(Uint8Array.from({ length: 300 }, (_, i) => i & 255).buffer);
  await next();
  send('in fragments, please');
  await next();
  await next();
  const missing = await fetch('/missing');
  send(`the other connection says ${missing.status}`);
  await next();
  console.log('TRUTH ' + JSON.stringify({ ev: 'send-close', code: 4001, reason: 'the page has had enough' }));
  ws.close(4001, 'the page has had enough');
};
ws.onclose = ({ code, reason, wasClean }) => {
  console.log('TRUTH ' + JSON.stringify({ ev: 'recv-close', code, reason, wasClean }));
  document.getElementById('state').textContent = 'closed';
};
