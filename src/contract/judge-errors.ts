import type { JsonAnswer } from '../remote/http.ts';
import { asDocumented, type Finding, knownOtherwise, notAsked, unknown } from './row.ts';
import { codeOf, envelope, errorForm, word } from './shapes.ts';

// What all answers of the API together show.

const documentedCodes = new Set([
  ...['invalid_json', 'input_validation_error', 'unauthorized', 'invalid_api_key', 'insufficient_credits', 'forbidden'],
  ...['paid_plan_required', 'not_found', 'idempotency_duplicate', 'conflict', 'idempotency_conflict', 'rate_limited'],
  ...['internal_error', 'unknown_error', 'service_unavailable'],
]);

export function judgeErrors(answers: readonly JsonAnswer[]): {
  readonly form: Finding;
  readonly codes: Finding;
  readonly trace: Finding;
  readonly patience: Finding;
} {
  const errors = answers.filter(({ status }) => status >= 400);
  return {
    form: judgeForms(errors),
    codes: judgeCodes(errors),
    trace: judgeTrace(answers),
    patience: judgePatience(answers),
  };
}

function judgeForms(errors: readonly JsonAnswer[]): Finding {
  const forms = errors.map(errorForm);
  if (forms.length === 0) return notAsked('there was no error');
  const counts = [...new Set(forms)].map((form) => `${form} (${forms.filter((each) => each === form).length})`);
  return forms.every((form) => form === envelope) ? asDocumented(counts.join('; ')) : unknown(counts.join('; '));
}

function judgeCodes(errors: readonly JsonAnswer[]): Finding {
  const codes = [...new Set(errors.map(codeOf))].filter((code) => code !== '').sort();
  if (codes.length === 0) return notAsked('there was no code');
  const shown = codes.map(word).join(', ');
  return codes.every((code) => documentedCodes.has(code)) ? asDocumented(shown) : unknown(shown);
}

function judgeTrace(answers: readonly JsonAnswer[]): Finding {
  if (answers.length === 0) return notAsked('there was no answer');
  const count = (isOfKind: (status: number) => boolean) => {
    const ofKind = answers.filter(({ status }) => isOfKind(status));
    return `${ofKind.filter(({ requestId }) => requestId !== null).length} of ${ofKind.length}`;
  };
  const shown = `answers ${count((status) => status < 400)}, errors ${count((status) => status >= 400)}`;
  return answers.every(({ requestId }) => requestId !== null) ? asDocumented(shown) : unknown(shown);
}

function judgePatience(answers: readonly JsonAnswer[]): Finding {
  const limited = answers.filter(({ status }) => status === 429);
  if (limited.length === 0) return notAsked(`no 429 among ${answers.length} answers`);
  const told = limited.filter(({ retryAfter }) => retryAfter !== null);
  const shown = `on ${told.length} of ${limited.length}`;
  if (told.some(({ retryAfter }) => !/^\d+$/.test(retryAfter ?? ''))) return unknown(`${shown}, not in whole seconds`);
  return told.length === limited.length ? asDocumented(shown) : knownOtherwise(shown);
}
