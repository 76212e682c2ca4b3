// @anthropic-ai/sdk. `create`: the plain calls, events joined as its readme joins them. `helpers`: messages.stream().
import {createRequire} from 'node:module';
import {pathToFileURL} from 'node:url';
import {KEY, MODEL, PARAMETERS, PROMPT, RECORD, TIMEOUT, call, serve} from './jobs.mjs';

const require = createRequire(pathToFileURL(process.env.CLIENTS_MODULES + '/'));
const Anthropic = require('@anthropic-ai/sdk');
const TOOL = {name: 'record_word', description: 'Record one word.', input_schema: PARAMETERS};

function parameters(kind) {
  const called = kind.startsWith('tools');
  const asked = {model: MODEL, max_tokens: 1024, messages: [{role: 'user', content: called ? RECORD : PROMPT}]};
  return called ? {...asked, tools: [TOOL], tool_choice: {type: 'tool', name: 'record_word'}} : asked;
}

const usage = (found) => (found ? {prompt: found.input_tokens, completion: found.output_tokens} : null);

function whole(message) {
  if (typeof message !== 'object' || message === null) return {content: message};
  let text = '';
  const calls = [];
  for (const block of message.content) {
    if (block.type === 'text') text += block.text;
    if (block.type === 'tool_use') calls.push(call(block.id, block.name, block.input));
  }
  return {content: text, calls, finish_reason: message.stop_reason, usage: usage(message.usage)};
}

async function joined(events) {
  let [text, finish] = ['', null];
  const [calls, used] = [{}, {prompt: null, completion: null}];
  for await (const event of events) {
    if (event.type === 'message_start') used.prompt = event.message.usage.input_tokens;
    if (event.type === 'content_block_start' && event.content_block.type === 'tool_use') {
      calls[event.index] = {id: event.content_block.id, name: event.content_block.name, input: ''};
    }
    if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') text += event.delta.text;
    if (event.type === 'content_block_delta' && event.delta.type === 'input_json_delta') {
      calls[event.index].input += event.delta.partial_json;
    }
    if (event.type === 'message_delta') {
      finish = event.delta.stop_reason;
      used.completion = event.usage.output_tokens;
    }
  }
  const made = Object.values(calls).map((c) => call(c.id, c.name, JSON.parse(c.input || '{}')));
  return {content: text, calls: made, finish_reason: finish, usage: used};
}

async function ask(url, kind) {
  const client = new Anthropic({baseURL: url.replace(/\/v1$/, ''), apiKey: KEY, maxRetries: 0, timeout: TIMEOUT});
  if (!kind.includes('stream')) return whole(await client.messages.create(parameters(kind)));
  if (process.argv[2] === 'create') return joined(await client.messages.create({...parameters(kind), stream: true}));
  const stream = client.messages.stream(parameters(kind));
  let shown = '';
  stream.on('text', (text) => { shown += text; });
  const found = whole(await stream.finalMessage());
  // Both are documented: what was shown on the way, and the message at the end. A text that one of them lacks is lost.
  return {...found, content: shown.length < found.content.length ? shown : found.content};
}

serve(ask);
