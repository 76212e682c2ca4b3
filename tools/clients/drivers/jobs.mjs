// The loop of each JavaScript driver; jobs.py says what a job and a result are.
import readline from 'node:readline';

export const [MODEL, KEY] = ['simulator-mini', 'sk-clients-0123456789abcdef'];
export const [PROMPT, RECORD] = ['Respond with the single word: pong', 'Record the word pong.'];
export const TEXTS = ['The cat sat on the mat.', 'The invoice is due in March.'];
export const TIMEOUT = 3000;
export const PARAMETERS = {
  type: 'object',
  properties: {word: {type: 'string', description: 'the word to record'}},
  required: ['word'],
  additionalProperties: false,
};
export const SCHEMA = {
  type: 'object',
  properties: {word: {type: 'string'}, letters: {type: 'integer'}},
  required: ['word'],
  additionalProperties: false,
};

export async function serve(ask) {
  console.log = console.warn = console.info = console.error;
  process.stdout.write('ready\n');
  process.on('unhandledRejection', () => {}); // a promise that the driver does not await tells nobody anything
  for await (const line of readline.createInterface({input: process.stdin})) {
    const job = JSON.parse(line);
    let result;
    try {
      result = await ask(job.url, job.kind);
    } catch (error) {
      result = {raised: {type: name(error), text: words(error)}};
    }
    process.stdout.write(JSON.stringify(result) + '\n');
  }
  process.exit(0);
}

export const call = (id, name, args) => ({id, name, arguments: args});

// One text of the two that a client's user reads, what was shown on the way and what stands in the final answer: both
// are documented. Where they differ, one of them is lost or wrong, whichever it is.
export function shownAndFinal(shown, final) {
  if (typeof final !== 'string' || shown.trim() === final.trim()) return final;
  return shown && final ? `${shown} | ${final}` : '';
}

function name(error) {
  const status = error?.status ?? error?.statusCode;
  return `${error?.name === 'Error' || !error?.name ? error?.constructor?.name ?? typeof error : error.name}${Number.isInteger(status) ? ` ${status}` : ''}`;
}

function words(error) {
  const texts = [];
  for (let seen = error; seen && texts.length < 4; seen = seen.cause ?? seen.lastError) {
    texts.push(typeof seen === 'object' ? `${seen.message ?? JSON.stringify(seen)} ${seen.error ? JSON.stringify(seen.error) : ''}` : String(seen));
  }
  return texts.join(' | ').slice(0, 4000);
}
