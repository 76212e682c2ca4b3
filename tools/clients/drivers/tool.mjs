// The one tool that the requests offer.
import {PARAMETERS} from './jobs.mjs';

export const TOOL = {
  type: 'function',
  function: {name: 'record_word', description: 'Record one word.', parameters: PARAMETERS, strict: true},
};
export const FORCED = {type: 'function', function: {name: 'record_word'}};
