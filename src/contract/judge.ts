import { isRecord } from '../remote/fields.ts';
import type { Plain } from './raw.ts';
import { asDocumented, type Finding, knownOtherwise, notAsked, unknown } from './row.ts';
import { assetIdOf, codeOf, isOk, isSilent, recordOf, type Said, type Silence, told, word } from './shapes.ts';

/** Judges by status, and by code where one is named: `409 conflict`, `404`. */
function judgeStatus(said: Said, documented: readonly string[], otherwise: readonly string[]): Finding {
  if (isSilent(said)) return unknown(told(said));
  const isAmong = (list: readonly string[]) =>
    list.some((each) => each === String(said.status) || each === `${said.status} ${codeOf(said)}`);
  if (isAmong(documented)) return asDocumented(told(said));
  return isAmong(otherwise) ? knownOtherwise(told(said)) : unknown(told(said));
}

export function judgeWorkspaces(said: Said): Finding {
  const list = recordOf(said)?.['workspaces'];
  if (!Array.isArray(list)) return unknown(isOk(said) ? `${told(said)}, no list of workspaces` : told(said));
  return judgeStatus(said, ['200'], []);
}

export function judgeListed(said: Said, workspaceId: string): Finding {
  const json = recordOf(said);
  const list = json?.['workspaces'];
  if (!Array.isArray(list)) return notAsked('there is no list of workspaces');
  const isListed = list.some((item) => isRecord(item) && item['workspace_id'] === workspaceId);
  if (isListed) return asDocumented(`yes, among ${list.length}`);
  const hasMore = isRecord(json?.['meta']) && typeof json['meta']['next_cursor'] === 'string';
  return unknown(`no, among ${list.length}${hasMore ? ', and there is another page' : ''}`);
}

/** The answer to a `POST /assets` that repeats one which made the asset. */
export function judgeAgain(said: Said, assetId: string): Finding {
  if (!isOk(said)) return judgeStatus(said, ['409 idempotency_duplicate'], []);
  const again = assetIdOf(said.json);
  if (again === null) return unknown(`${told(said)}, without an asset id`);
  if (again !== assetId) return unknown(`${told(said)}, a second asset: ${again}`);
  if (said.isReplayed) return knownOtherwise(`${told(said)}, the first answer, with idempotent-replayed`);
  return unknown(`${told(said)}, the same asset, without idempotent-replayed`);
}

export function isTaken(plain: Plain | Silence): boolean {
  return !('silence' in plain) && plain.status >= 200 && plain.status < 300 && !plain.isPage;
}

export function judgeUpload(plain: Plain | Silence, isAgain: boolean): Finding {
  if ('silence' in plain) return unknown(plain.silence);
  if (plain.isPage) return unknown(`${plain.status}, a web page`);
  const answered = String(plain.status);
  if (isTaken(plain)) return asDocumented(answered);
  return isAgain && [400, 401, 403].includes(plain.status) ? knownOtherwise(answered) : unknown(answered);
}

export function judgeCompleteWithBody(said: Said): Finding {
  return judgeStatus(said, ['400', '422'], ['200']);
}

export function judgeCompleteWithout(said: Said): Finding {
  return judgeStatus(said, ['200'], ['400 invalid_json']);
}

export function judgeCompleted(said: Said): Finding {
  const json = recordOf(said);
  if (json === null) return unknown(`${told(said)}, not an object`);
  const { status, url } = json;
  const urlForm = typeof url === 'string' && URL.canParse(url) ? 'a URL' : word(url);
  const answered = `${word(status)}; ${urlForm}`;
  const isKnown = isAlive(status) && (urlForm === 'a URL' || url === null);
  return isKnown ? asDocumented(answered) : unknown(answered);
}

export function isAlive(status: unknown): boolean {
  return status === 'ready' || status === 'pending_upload';
}

/** A POST that the asset's state does not allow. */
export function judgeRefusal(said: Said): Finding {
  return judgeStatus(said, ['409 conflict'], ['400', '422']);
}

/** A POST for an id that does not exist. */
export function judgeUnknownId(said: Said): Finding {
  return judgeStatus(said, ['404'], ['422']);
}

export function judgeGetUnknown(said: Said): Finding {
  return judgeStatus(said, ['404 not_found'], []);
}

export function judgeFirstGet(said: Said): Finding {
  if (!isOk(said)) return unknown(told(said));
  const status = recordOf(said)?.['status'];
  const answered = `${told(said)}, ${word(status)}`;
  return said.status === 200 && isAlive(status) ? asDocumented(answered) : unknown(answered);
}

export function judgeProject(said: Said): Finding {
  if (!isOk(said)) {
    return judgeStatus(said, ['400 input_validation_error', '422 input_validation_error'], ['500 unknown_error']);
  }
  const assetId = assetIdOf(said.json);
  return unknown(`${told(said)}, an asset was made: ${assetId ?? 'without an id that could be read'}`);
}
