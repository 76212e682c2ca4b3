// Codex: `codex exec` with this endpoint as its provider. It streams every request, so that other kinds are not asked.
//
// Between it and the endpoint stands a relay: the bytes of the reply pass as they are, once. What Codex asks then is how
// a call shows: it has the call and its result among its input, and is answered with a plain word.
import {spawn} from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import {KEY, MODEL, PROMPT, RECORD, TIMEOUT, call, serve} from './jobs.mjs';

const HERE = process.env.CLIENTS_MODULES;
const HOME = path.join(HERE, 'home');
const CODEX = path.join(HERE, 'node_modules/@openai/codex/bin/codex.js');
const PATIENCE = 9000;

const events = [
  {type: 'response.created', response: {id: 'resp_end'}},
  {type: 'response.output_item.done', output_index: 0, item: {
    id: 'msg_end', type: 'message', role: 'assistant', status: 'completed',
    content: [{type: 'output_text', text: 'Done.', annotations: []}],
  }},
  {type: 'response.completed', response: {
    id: 'resp_end', usage: {input_tokens: 0, input_tokens_details: null, output_tokens: 0, output_tokens_details: null, total_tokens: 0},
  }},
];
const END = events.map((one) => `event: ${one.type}\ndata: ${JSON.stringify(one)}\n\n`).join('');
const ENDED = `HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: ${Buffer.byteLength(END)}\r\n\r\n${END}`;

let target; // the URL of the job
let asked = []; // the bodies of its requests

const relay = net.createServer((socket) => {
  let got = Buffer.alloc(0);
  socket.on('error', () => {});
  socket.on('data', (piece) => {
    got = Buffer.concat([got, piece]);
    const head = got.indexOf('\r\n\r\n');
    const length = head < 0 ? 0 : Number(/\r\ncontent-length: *(\d+)/i.exec(got.subarray(0, head).toString('latin1'))?.[1] ?? 0);
    if (head < 0 || got.length < head + 4 + length) return;
    const [request, body] = [got.subarray(0, head).toString('latin1'), got.subarray(head + 4, head + 4 + length)];
    got = got.subarray(head + 4 + length);
    asked.push(body);
    if (asked.length > 1) return void socket.write(ENDED);
    const server = net.connect(Number(target.port), target.hostname);
    server.write(request.replace(/ \S+/, ` ${target.pathname}/responses`) + '\r\n\r\n');
    server.write(body);
    server.on('error', () => socket.resetAndDestroy());
    server.pipe(socket);
  });
});
await new Promise((ready) => relay.listen(0, '127.0.0.1', ready));

const BASE = `model_providers.target.base_url="http://127.0.0.1:${relay.address().port}/v1"`;

// Nothing leaves the machine: whatever else it would ask, it asks a proxy where nobody listens.
const NOBODY = 'http://127.0.0.1:9';
const env = {
  HOME, CODEX_HOME: HOME, PATH: process.env.PATH, CLIENTS_KEY: KEY,
  HTTP_PROXY: NOBODY, HTTPS_PROXY: NOBODY, ALL_PROXY: NOBODY, NO_PROXY: '127.0.0.1',
};
fs.mkdirSync(path.join(HOME, 'work'), {recursive: true});
fs.writeFileSync(path.join(HOME, 'config.toml'), `
model = "${MODEL}"
model_provider = "target"
approval_policy = "never"
sandbox_mode = "read-only"
check_for_update_on_startup = false
analytics.enabled = false
otel.exporter = "none"
history.persistence = "none"
[features]
apps = false
daemon_auto_start = false
plugins = false
[model_providers.target]
name = "target"
base_url = "given to each run"
wire_api = "responses"
env_key = "CLIENTS_KEY"
request_max_retries = 0
stream_max_retries = 0
stream_idle_timeout_ms = ${TIMEOUT}
`);

async function ask(url, kind) {
  if (!kind.includes('stream')) return {unasked: true};
  [target, asked] = [new URL(url), []];
  const words = kind === 'stream' ? PROMPT : RECORD;
  const command = [CODEX, 'exec', '--json', '--ephemeral', '--skip-git-repo-check', '-c', BASE, words];
  const child = spawn(process.execPath, command, {env, cwd: path.join(HOME, 'work'), stdio: ['ignore', 'pipe', 'ignore'], detached: true});
  const late = setTimeout(() => process.kill(-child.pid, 'SIGKILL'), PATIENCE);
  let out = '';
  for await (const piece of child.stdout) out += piece;
  clearTimeout(late);
  return told(out.split('\n').filter(Boolean).map((line) => JSON.parse(line)));
}

function told(lines) {
  const failed = lines.find((line) => line.type === 'turn.failed');
  if (failed) throw new Error(failed.error.message);
  const ended = lines.find((line) => line.type === 'turn.completed');
  if (!ended) throw new Error('no answer');
  const texts = lines.filter((line) => line.type === 'item.completed' && line.item.type === 'agent_message');
  const input = asked.length > 1 ? JSON.parse(asked[1]).input : [];
  const calls = input.filter((item) => item.type === 'function_call');
  return {
    content: texts.map((line) => line.item.text).join(''),
    calls: calls.map((c) => call(c.call_id, c.name, c.arguments)),
    usage: {prompt: ended.usage.input_tokens, completion: ended.usage.output_tokens},
  };
}

serve(ask);
