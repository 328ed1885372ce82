// The Node `ws` server of the recordings.  node server.js HOST PORT LOG [OPTIONS-AS-JSON]
'use strict';
const http = require('http');
const fs = require('fs');
const path = require('path');
const { WebSocketServer } = require('ws');
const { Log, watch } = require('./truthlog');

const [host, port, logPath, options] = process.argv.slice(2);
const log = new Log(logPath, 'server');
const PAGES = { '/': ['page.html', 'text/html; charset=utf-8'], '/app.js': ['page.js', 'text/javascript; charset=utf-8'] };

const server = http.createServer((request, response) => {
  const page = PAGES[request.url];
  if (!page) {
    response.writeHead(404, { 'content-type': 'text/plain' });
    response.end('not here\n');
    return;
  }
  response.writeHead(200, { 'content-type': page[1] });
  response.end(fs.readFileSync(path.join(__dirname, page[0])));
});

const wss = new WebSocketServer({
  server,
  handleProtocols: (offered) => ['chat.v1', 'feed.v2'].find((p) => offered.has(p)) || false,
  ...JSON.parse(options || '{}'),
});
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const room = new Set();

const paths = {
  async chat(ws, url) {
    const who = url.searchParams.get('name');
    for (const other of room) other.send(`* ${who} joined`);
    room.add(ws);
    ws.send(`welcome ${who} 👋 there are ${room.size} here`);
    ws.ping(`hello ${who}`);
    ws.on('message', (data) => {
      for (const member of room) member.send(`${who}: ${data}`);
    });
    ws.on('close', () => {
      room.delete(ws);
      for (const other of room) other.send(`* ${who} left`);
    });
  },

  async feed(ws) {
    const symbols = ['NOKIA', 'ASML', 'SAP', 'ŠKODA', '任天堂'];
    let sequence = 0;
    ws.on('message', async (data) => {
      const { subscribe, count } = JSON.parse(data);
      if (!subscribe) return;
      for (let i = 0; i < count; i++) {
        sequence += 1;
        if (sequence % 10 === 0) {
          ws.send(JSON.stringify({ hb: sequence }), { compress: false });
        } else {
          const symbol = symbols[sequence % symbols.length];
          ws.send(JSON.stringify({
            type: 'trade', seq: sequence, symbol, price: +(100 + 7 * Math.sin(sequence)).toFixed(4), size: (sequence * 37) % 900,
            side: sequence % 3 ? 'buy' : 'sell', venue: 'TEST-EXCHANGE', conditions: ['regular', 'auto'],
          }));
        }
        if (sequence % 40 === 0) ws.ping(`seq ${sequence}`);
        if (i % 7 === 6) await pause(3);
      }
    });
  },

  async echo(ws) {
    ws.on('message', async (data, binary) => {
      if (!binary && data.toString() === 'in fragments, please') {
        ws.send('one ', { fin: false });
        ws.send('two ', { fin: false });
        ws.ping('between');
        await pause(5);
        ws.send('three', { fin: true });
        const bytes = Buffer.from(Array.from({ length: 600 }, (_, i) => i % 256));
        ws.send(bytes.subarray(0, 250), { binary: true, fin: false });
        ws.send(bytes.subarray(250, 250), { fin: false });
        ws.send(bytes.subarray(250), { fin: true });
      } else {
        ws.send(data, { binary });
      }
    });
  },

  // The server pings between the fragments of its own messages; some fragments are empty.
  async fragments(ws) {
    ws.on('message', async (data) => {
      const words = data.toString().split(' ');
      ws.send('', { fin: false, binary: false });
      for (const word of words) {
        ws.send(`${word} `, { fin: false });
        ws.ping(word.slice(0, 20));
        await pause(2);
        ws.send('', { fin: false });
      }
      ws.pong('nobody asked');
      ws.send('', { fin: true });
      ws.send('whole');
    });
  },

  async close(ws, url) {
    ws.send(`this is ${url.pathname}`);
    ws.on('message', () => {
      switch (url.pathname) {
        case '/close/1001': ws.close(1001, 'server going away'); break;
        case '/close/1008': ws.close(1008, 'policy: no anonymous feeds'); break;
        case '/close/1011': ws.close(1011, 'unexpected condition'); break;
        case '/close/empty': ws.close(); break;
        case '/close/reset': ws._socket.resetAndDestroy(); break; // TCP RST
        case '/close/fin': ws.terminate(); break; // TCP FIN and no close frame
        default: ws.send('ok');
      }
    });
  },
};

wss.on('connection', (ws, request) => {
  const url = new URL(request.url, 'http://gallery.invalid');
  const name = request.socket.remotePort;
  log.write(name, {
    ev: 'open', path: request.url, subprotocol: ws.protocol || undefined, extensions: ws.extensions || undefined,
  });
  watch(ws, log, name);
  const kind = url.pathname.split('/')[1];
  paths[kind in paths ? kind : 'echo'](ws, url);
});

server.listen(+port, host, () => console.log('ready'));
