// The AI SDK and the Responses API: generateText and streamText, with OpenAI's own provider or with Open Responses'.
import {createRequire} from 'node:module';
import {pathToFileURL} from 'node:url';
import {KEY, MODEL, PARAMETERS, PROMPT, RECORD, SCHEMA, TIMEOUT, call, serve} from './jobs.mjs';

const require = createRequire(pathToFileURL(process.env.CLIENTS_MODULES + '/'));
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const {generateText, streamText, Output, jsonSchema, tool} = await load('ai');
const {createOpenAI} = await load('@ai-sdk/openai');
const {createOpenResponses} = await load('@ai-sdk/open-responses');

function model(url) {
  if (process.argv[2] === 'openai') return createOpenAI({baseURL: url, apiKey: KEY}).responses(MODEL);
  return createOpenResponses({name: 'target', url: `${url}/responses`, apiKey: KEY})(MODEL);
}

function parameters(url, kind) {
  const more = {model: model(url), prompt: PROMPT, maxRetries: 0, abortSignal: AbortSignal.timeout(TIMEOUT)};
  if (kind.startsWith('tools')) {
    more.prompt = RECORD;
    more.tools = {record_word: tool({description: 'Record one word.', inputSchema: jsonSchema(PARAMETERS)})};
    if (kind !== 'tools.auto') more.toolChoice = {type: 'tool', toolName: 'record_word'};
  }
  if (kind === 'json_schema') more.output = Output.object({schema: jsonSchema(SCHEMA)});
  return more;
}

async function whole(found, kind) {
  const usage = await found.usage;
  const result = {
    content: await found.text,
    // What the provider runs itself, such as a web search, is no call for the caller.
    calls: (await found.toolCalls).filter((c) => !c.providerExecuted).map((c) => call(c.toolCallId, c.toolName, c.input)),
    finish_reason: await found.finishReason,
    usage: usage?.inputTokens === undefined && usage?.outputTokens === undefined
      ? null : {prompt: usage.inputTokens, completion: usage.outputTokens},
  };
  if (kind === 'json_schema') result.parsed = (await found.output).word;
  return result;
}

async function ask(url, kind) {
  if (!kind.includes('stream')) return whole(await generateText(parameters(url, kind)), kind);
  let failure;
  const found = streamText({...parameters(url, kind), onError: ({error}) => { failure ??= error; }});
  for await (const part of found.fullStream) {
    if (part.type === 'error') failure ??= part.error; // a stream does not throw: the error is a part of it
    if (part.type === 'abort') failure ??= new Error('aborted: the timeout was reached');
  }
  if (failure !== undefined) throw failure;
  return whole(found, kind);
}

serve(ask);
