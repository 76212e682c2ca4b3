// The AI SDK with Anthropic's provider: generateText and streamText.
import {createRequire} from 'node:module';
import {pathToFileURL} from 'node:url';
import {KEY, MODEL, PARAMETERS, PROMPT, RECORD, TIMEOUT, call, serve} from './jobs.mjs';

const require = createRequire(pathToFileURL(process.env.CLIENTS_MODULES + '/'));
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const {generateText, streamText, jsonSchema, tool} = await load('ai');
const {createAnthropic} = await load('@ai-sdk/anthropic');

function parameters(url, kind) {
  const model = createAnthropic({baseURL: url, apiKey: KEY})(MODEL);
  const more = {model, prompt: PROMPT, maxOutputTokens: 1024, maxRetries: 0, abortSignal: AbortSignal.timeout(TIMEOUT)};
  if (kind.startsWith('tools')) {
    more.prompt = RECORD;
    more.tools = {record_word: tool({description: 'Record one word.', inputSchema: jsonSchema(PARAMETERS)})};
    more.toolChoice = {type: 'tool', toolName: 'record_word'};
  }
  return more;
}

async function whole(found) {
  const usage = await found.usage;
  return {
    content: await found.text,
    calls: (await found.toolCalls).map((c) => call(c.toolCallId, c.toolName, c.input)),
    finish_reason: await found.finishReason,
    usage: {prompt: usage?.inputTokens, completion: usage?.outputTokens},
  };
}

async function ask(url, kind) {
  if (!kind.includes('stream')) return whole(await generateText(parameters(url, kind)));
  let failure;
  const found = streamText({...parameters(url, kind), onError: ({error}) => { failure ??= error; }});
  for await (const part of found.fullStream) {
    if (part.type === 'error') failure ??= part.error; // a stream does not throw: the error is a part of it
    if (part.type === 'abort') failure ??= new Error('aborted: the timeout was reached');
  }
  if (failure !== undefined) throw failure;
  return whole(found);
}

serve(ask);
