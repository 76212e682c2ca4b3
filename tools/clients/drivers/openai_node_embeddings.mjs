// openai-node: embeddings.create with what it asks for by itself, which is base64, and with floats.
import {createRequire} from 'node:module';
import {pathToFileURL} from 'node:url';
import {KEY, MODEL, TEXTS, TIMEOUT, serve} from './jobs.mjs';

const require = createRequire(pathToFileURL(process.env.CLIENTS_MODULES + '/'));
const {OpenAI} = require('openai');

async function ask(url, kind) {
  const client = new OpenAI({baseURL: url, apiKey: KEY, maxRetries: 0, timeout: TIMEOUT});
  const more = kind === 'float' ? {encoding_format: 'float'} : {};
  const found = await client.embeddings.create({model: MODEL, input: kind === 'single' ? TEXTS[0] : TEXTS, ...more});
  if (typeof found !== 'object' || found === null) return {content: found};
  const counted = found.usage?.prompt_tokens;
  return {
    content: found.data.map((item) => item.embedding),
    usage: counted === undefined ? null : {prompt: counted},
  };
}

serve(ask);
