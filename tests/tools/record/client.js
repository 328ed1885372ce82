// The Node `ws` client of the recordings.  node client.js URL LOG SCRIPT
'use strict';
const WebSocket = require('ws');
const { Log, watch } = require('./truthlog');

const [url, logPath, script] = process.argv.slice(2);
const log = new Log(logPath, 'client');
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const line = (i) => `${String(i).padStart(6, '0')} the quick brown fox jumps over the lazy dog -- gallery\n`.padEnd(64, '.');
const lines = (bytes) => Array.from({ length: Math.ceil(bytes / 64) }, (_, i) => line(i % 50)).join('').slice(0, bytes);

const scripts = {
  async large(ws, next) {
    ws.send(lines(70000));
    await next();
    ws.send(Buffer.alloc(131072, 0xa5));
    await next();
    ws.send(lines(300000));
    await next();
    ws.send(lines(65535));
    await next();
    ws.send(lines(65536));
    await next();
    ws.close(1000, 'that was large');
  },
  async deflate(ws, next) {
    for (const size of [40, 1500, 9000, 9000, 200]) {
      ws.send(lines(size));
      await next();
    }
    ws.send(Buffer.alloc(3000, 'abc'));
    await next();
    ws.send('not compressed', { compress: false });
    await next();
    ws.close(1000, 'done');
  },
  async fragments(ws, next) {
    ws.send('three ', { fin: false });
    ws.ping('1');
    ws.send('small ', { fin: false });
    ws.ping('2');
    ws.send('pieces', { fin: true });
    await next();
    ws.send('then the last one is ', { fin: false });
    ws.send('empty', { fin: false });
    ws.send('', { fin: true });
    await next();
    ws.send('', { fin: false, binary: false }); // nothing, in two frames
    ws.send('', { fin: true });
    await next();
    ws.send(''); // nothing, in one
    await next();
    const euro = Buffer.from('price: 10 €, 你好 🎉 end'); // cut inside every character
    for (let i = 0; i < euro.length; i++) {
      ws.send(euro.subarray(i, i + 1), { binary: false, fin: i === euro.length - 1 });
      if (i % 8 === 7) ws.ping(`at ${i}`);
    }
    await next();
    await pause(50);
    ws.close(1000, 'all in pieces');
  },
};

const ws = new WebSocket(url, JSON.parse(process.env.WS_PROTOCOLS || '[]'), JSON.parse(process.env.WS_OPTIONS || '{"perMessageDeflate":false}'));
watch(ws, log, () => ws._socket && ws._socket.localPort || name);
let name = 0;
const waiting = [];
const arrived = [];
ws.on('message', (data) => (waiting.length ? waiting.shift()(data) : arrived.push(data)));
const next = () => new Promise((resolve) => (arrived.length ? resolve(arrived.shift()) : waiting.push(resolve)));
ws.on('open', () => {
  name = ws._socket.localPort;
  scripts[script](ws, next);
});
