// The AI SDK: embedMany and embed with OpenAI's own provider, which asks for floats and nothing else.
import {createRequire} from 'node:module';
import {pathToFileURL} from 'node:url';
import {KEY, MODEL, TEXTS, TIMEOUT, serve} from './jobs.mjs';

const require = createRequire(pathToFileURL(process.env.CLIENTS_MODULES + '/'));
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const {embed, embedMany} = await load('ai');
const {createOpenAI} = await load('@ai-sdk/openai');

async function ask(url, kind) {
  const model = createOpenAI({baseURL: url, apiKey: KEY}).embedding(MODEL);
  const more = {model, maxRetries: 0, abortSignal: AbortSignal.timeout(TIMEOUT)};
  if (kind === 'single') {
    const found = await embed({...more, value: TEXTS[0]});
    return {content: [found.embedding], usage: {prompt: found.usage.tokens}};
  }
  const found = await embedMany({...more, values: TEXTS});
  return {content: found.embeddings, usage: {prompt: found.usage.tokens}};
}

serve(ask);
