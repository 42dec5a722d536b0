import type { CodeEntry } from './code.ts';

/** Trouble with FLORA as a whole: nothing is held against a file. */
export const serviceCodes = {
  unreachable: {
    scope: 'service',
    disposition: 'retry',
    meaning: 'FLORA cannot be reached.',
    cure: 'See that this machine is online and that `FLORA_BASE_URL` and the proxy are right; it goes on by itself.',
  },
  unavailable: {
    scope: 'service',
    disposition: 'retry',
    meaning: 'FLORA answers with errors, one after the other.',
    cure: 'Nothing: it goes on as soon as FLORA does. If every reservation fails, see `FLORA_WORKSPACE_ID`.',
  },
  rate_limited: {
    scope: 'service',
    disposition: 'retry',
    meaning: 'FLORA asks to wait (429).',
    cure: 'Nothing: it keeps to what FLORA allows.',
  },
  key_refused: {
    scope: 'service',
    disposition: 'wait',
    meaning: 'FLORA refuses the API key.',
    cure: 'Put the new key where the old one came from; it is read again by itself.',
  },
  credits: {
    scope: 'service',
    disposition: 'wait',
    meaning: 'The workspace has no credits for it.',
    cure: 'Top up the credits of the workspace.',
  },
  forbidden: {
    scope: 'service',
    disposition: 'wait',
    meaning: 'FLORA does not allow it to this key.',
    cure: 'See that the key belongs to this workspace and that its plan includes API access.',
  },
  no_destination: {
    scope: 'service',
    disposition: 'wait',
    meaning: 'FLORA knows no such workspace or project.',
    cure: 'See that `FLORA_WORKSPACE_ID` and `FLORA_SYNC_PROJECT_ID` name what this key can see.',
  },
  workspace_unknown: {
    scope: 'service',
    meaning: 'The key does not see the workspace that is named.',
    cure: 'See that `FLORA_WORKSPACE_ID` is right and that the key belongs to it.',
  },
  not_flora: {
    scope: 'service',
    disposition: 'retry',
    meaning: 'Something between here and FLORA answers in its place.',
    cure: 'See the captive portal or the proxy on the way.',
  },
  redirected: {
    scope: 'service',
    disposition: 'retry',
    meaning: 'FLORA’s address answers with a redirect, which is not followed.',
    cure: 'Write the address that it leads to into `FLORA_BASE_URL`, or see the portal on the way.',
  },
  no_answer: {
    scope: 'service',
    disposition: 'retry',
    meaning: 'A host did not answer `flora-sync contract`, several times one after the other.',
    cure: 'See that it can be reached, and give the command again.',
  },
} as const satisfies Readonly<Record<string, CodeEntry>>;
