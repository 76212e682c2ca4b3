// openai-node and the Responses API. `create`: the plain calls, events joined as the vendor's guide joins them.
// `helpers`: its own stream() and parse().
import {createRequire} from 'node:module';
import {pathToFileURL} from 'node:url';
import {KEY, MODEL, PROMPT, RECORD, SCHEMA, TIMEOUT, call, serve, shownAndFinal} from './jobs.mjs';
import {TOOL} from './tool.mjs';

const require = createRequire(pathToFileURL(process.env.CLIENTS_MODULES + '/'));
const {OpenAI} = require('openai');

function parameters(kind) {
  const more = {model: MODEL, input: kind.startsWith('tools') ? RECORD : PROMPT};
  if (kind.startsWith('tools')) more.tools = [{type: 'function', ...TOOL.function}];
  if (kind.startsWith('tools') && kind !== 'tools.auto') more.tool_choice = {type: 'function', name: 'record_word'};
  if (kind === 'json_schema') more.text = {format: {type: 'json_schema', name: 'answer', schema: SCHEMA}};
  return more;
}

const usage = (found) => (found ? {prompt: found.input_tokens, completion: found.output_tokens} : null);

function whole(response) {
  if (typeof response !== 'object' || response === null) return {content: response};
  const calls = response.output.filter((item) => item.type === 'function_call');
  return {
    content: response.output_text,
    calls: calls.map((c) => call(c.call_id, c.name, c.arguments)),
    finish_reason: response.status,
    usage: usage(response.usage),
  };
}

async function joined(events) {
  let [text, finish, used] = ['', null, null];
  const calls = {};
  for await (const event of events) {
    if (event.type === 'response.output_text.delta') text += event.delta;
    // platform.openai.com/docs/guides/function-calling: finalToolCalls[event.output_index]
    if (event.type === 'response.output_item.added' && event.item.type === 'function_call') {
      calls[event.output_index] = event.item;
    }
    if (event.type === 'response.function_call_arguments.delta') calls[event.output_index].arguments += event.delta;
    if (['response.completed', 'response.incomplete', 'response.failed'].includes(event.type)) {
      [finish, used] = [event.response?.status, usage(event.response?.usage)];
    }
    if (event.type === 'error') throw new Error(`the stream carries an error: ${JSON.stringify(event)}`);
  }
  const made = Object.values(calls).map((c) => call(c.call_id, c.name, c.arguments));
  return {content: text, calls: made, finish_reason: finish, usage: used};
}

async function ask(url, kind) {
  const {responses} = new OpenAI({baseURL: url, apiKey: KEY, maxRetries: 0, timeout: TIMEOUT});
  if (process.argv[2] === 'create') {
    if (kind.includes('stream')) return joined(await responses.create({...parameters(kind), stream: true}));
    return whole(await responses.create(parameters(kind)));
  }
  if (!kind.includes('stream')) return whole(await responses.parse(parameters(kind)));
  const stream = responses.stream(parameters(kind));
  let shown = '';
  stream.on('response.output_text.delta', (event) => { shown += event.delta; });
  const found = whole(await stream.finalResponse());
  return {...found, content: shownAndFinal(shown, found.content)};
}

serve(ask);
