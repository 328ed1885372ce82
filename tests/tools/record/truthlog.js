// Writes down every message that a `ws` WebSocket sends and receives, as its own API shows it.
// One JSON record a line; truth.py joins the logs of both ends.
'use strict';
const fs = require('fs');
const crypto = require('crypto');
const { version } = require('ws/package.json');

const PROGRAM = `node ${process.version} ws ${version}`;

class Log {
  constructor(path, role) {
    this.path = path;
    this.role = role;
  }

  write(port, record) {
    const line = { t: Date.now() / 1000, role: this.role, program: PROGRAM, port, ...record };
    fs.appendFileSync(this.path, JSON.stringify(line) + '\n');
  }

  message(port, ev, kind, data, more = {}) {
    const bytes = Buffer.from(data);
    const sha256 = crypto.createHash('sha256').update(bytes).digest('hex');
    const record = { ev, kind, len: bytes.length, sha256, ...more };
    if (bytes.length <= 120) record.base64 = bytes.toString('base64');
    this.write(port, record);
  }
}

function closePayload(code, reason) {
  if (code === undefined) return Buffer.alloc(0);
  const head = Buffer.alloc(2);
  head.writeUInt16BE(code);
  return Buffer.concat([head, Buffer.from(reason || '')]);
}

/// Logs everything on `ws`. `port` is the client's TCP port: the name of the connection in all logs. A client knows it
/// only when it is connected, so it may also be a function.
function watch(ws, log, port) {
  const name = () => (typeof port === 'function' ? port() : port);
  const { send, ping, pong, close } = ws;
  let parts = null;
  ws.send = function (data, options, cb) {
    const o = typeof options === 'object' && options !== null ? options : {};
    const bytes = Buffer.from(data);
    if (parts === null) {
      const binary = o.binary !== undefined ? o.binary : typeof data !== 'string';
      parts = { kind: binary ? 'binary' : 'text', bytes: [] };
    }
    parts.bytes.push(bytes);
    if (o.fin !== false) {
      const more = parts.bytes.length > 1 ? { frames: parts.bytes.length } : {};
      log.message(name(), 'send', parts.kind, Buffer.concat(parts.bytes), more);
      parts = null;
    }
    return send.call(ws, data, options, cb);
  };
  ws.ping = function (data, ...rest) {
    log.message(name(), 'send', 'ping', data === undefined ? '' : data);
    return ping.call(ws, data, ...rest);
  };
  ws.pong = function (data, ...rest) { // automatic pongs come through here too
    log.message(name(), 'send', 'pong', data === undefined ? '' : data);
    return pong.call(ws, data, ...rest);
  };
  let closed = false;
  ws.close = function (code, reason) { // the automatic answer to a close comes through here too
    if (!closed && ws.readyState === ws.OPEN) {
      closed = true;
      const c = code === 1005 ? undefined : code;
      const more = c === undefined ? {} : { code: c, reason: (reason || '').toString() };
      log.message(name(), 'send', 'close', closePayload(c, reason), more);
    }
    return close.call(ws, code, reason);
  };
  ws.on('message', (data, binary) => log.message(name(), 'recv', binary ? 'binary' : 'text', data));
  ws.on('ping', (data) => log.message(name(), 'recv', 'ping', data));
  ws.on('pong', (data) => log.message(name(), 'recv', 'pong', data));
  ws.on('close', (code, reason) => {
    if (code === 1006) log.write(name(), { ev: 'lost' });
    else if (code === 1005) log.message(name(), 'recv', 'close', '');
    else log.message(name(), 'recv', 'close', closePayload(code, reason), { code, reason: reason.toString() });
  });
  ws.on('error', (error) => log.write(name(), { ev: 'error', text: String(error.message) }));
  return ws;
}

module.exports = { Log, watch, PROGRAM };
