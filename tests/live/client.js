// A client by Node's own WebSocket, which inflates: talks to the echo of a URL, and prints what it said and heard.
// Exits with 77 where this Node has none.

if (typeof WebSocket === "undefined") {
  console.error("this Node has no WebSocket");
  process.exit(77);
}

const messages = Array.from({ length: 40 }, (_, n) =>
  JSON.stringify({ n, symbol: "WSC", bid: 61204.5 + n / 8, note: "Grüße ".repeat(n) }));
messages.push("", "x", "päyload ".repeat(40000), new Uint8Array(0), new Uint8Array(256 * 700).map((_, n) => n));

const tell = (dir, kind, payload) => console.log(JSON.stringify({ dir, kind, payload }));
const said = (dir, data) => typeof data === "string"
  ? tell(dir, "text", data) : tell(dir, "binary", Buffer.from(data).toString("base64"));

const socket = new WebSocket(process.argv[2]);
socket.binaryType = "arraybuffer";
const next = () => {
  const message = messages.shift();
  if (message === undefined) {
    socket.close(1000, "bye");
    tell("c2s", "close", "1000 bye");
  } else {
    socket.send(message);
    said("c2s", message);
  }
};
socket.onopen = next;
socket.onmessage = ({ data }) => { said("s2c", data); next(); };
socket.onclose = ({ code, reason }) => tell("s2c", "close", `${code} ${reason}`);
socket.onerror = ({ error }) => { console.error(error); process.exit(1); };
