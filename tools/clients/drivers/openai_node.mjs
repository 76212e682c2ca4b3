// openai-node. `create`: the plain calls, pieces joined as its readme joins them. `helpers`: stream() and parse().
import {createRequire} from 'node:module';
import {pathToFileURL} from 'node:url';
import {FORCED, TOOL} from './tool.mjs';
import {KEY, MODEL, PROMPT, RECORD, SCHEMA, TIMEOUT, call, serve} from './jobs.mjs';

const require = createRequire(pathToFileURL(process.env.CLIENTS_MODULES + '/'));
const {OpenAI} = require('openai');

function parameters(kind) {
  const more = {model: MODEL, messages: [{role: 'user', content: kind.startsWith('tools') ? RECORD : PROMPT}]};
  if (kind.startsWith('tools')) more.tools = [TOOL];
  if (kind.startsWith('tools') && kind !== 'tools.auto') more.tool_choice = FORCED;
  if (kind === 'stream.usage') more.stream_options = {include_usage: true};
  if (kind === 'json_object') more.response_format = {type: 'json_object'};
  if (kind === 'json_schema') more.response_format = {type: 'json_schema', json_schema: {name: 'answer', schema: SCHEMA}};
  if (kind === 'sampling') Object.assign(more, {n: 2, logprobs: true});
  return more;
}

const usage = (found) => (found ? {prompt: found.prompt_tokens, completion: found.completion_tokens} : null);

function whole(completion) {
  if (typeof completion !== 'object' || completion === null) return {content: completion};
  const choices = Array.isArray(completion.choices) ? completion.choices : [];
  if (!choices.length) return {choices: 0};
  const [message, logprobs] = [choices[0]?.message, choices[0]?.logprobs?.content];
  return {
    content: message?.content,
    calls: (message?.tool_calls ?? []).map((c) => call(c?.id, c?.function?.name, c?.function?.arguments)),
    finish_reason: choices[0]?.finish_reason,
    usage: usage(completion.usage),
    choices: new Set(choices.map((choice) => choice?.index)).size,
    logprobs: Array.isArray(logprobs) ? logprobs.map((token) => token?.logprob) : null,
  };
}

async function joined(chunks) {
  let [text, finish, used] = ['', null, null];
  const calls = {};
  for await (const chunk of chunks) {
    used = usage(chunk?.usage) ?? used;
    const choice = chunk?.choices?.[0];
    text += choice?.delta?.content || '';
    finish = choice?.finish_reason ?? finish;
    for (const piece of choice?.delta?.tool_calls ?? []) {
      // platform.openai.com/docs/guides/function-calling: finalToolCalls[index]
      if (!calls[piece.index]) calls[piece.index] = call(piece.id, piece.function?.name, piece.function?.arguments ?? '');
      else calls[piece.index].arguments += piece.function?.arguments ?? '';
    }
  }
  return {content: text, calls: Object.values(calls), finish_reason: finish, usage: used};
}

async function ask(url, kind) {
  const client = new OpenAI({baseURL: url, apiKey: KEY, maxRetries: 0, timeout: TIMEOUT});
  const chat = client.chat.completions;
  if (process.argv[2] === 'helpers') {
    if (kind.includes('stream')) return whole(await chat.stream(parameters(kind)).finalChatCompletion());
    return whole(await chat.parse(parameters(kind)));
  }
  if (kind.includes('stream')) return joined(await chat.create({...parameters(kind), stream: true}));
  return whole(await chat.create(parameters(kind)));
}

serve(ask);
