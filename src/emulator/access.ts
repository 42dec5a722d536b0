// Who may call: API keys and the workspaces they open. In memory only: a restart begins with the options it is given.
import { createHash } from 'node:crypto';
import { ApiFailure } from './answer.ts';

export interface WorkspaceOption {
  readonly workspace_id: string;
  readonly name: string;
  /** Keys that open this workspace alone; without them the emulator's common keys do. */
  readonly apiKeys?: readonly string[];
}

export interface Caller {
  /** Stands for the API key where it must not be stored. */
  readonly keyHash: string;
  /** Those that `GET /workspaces` names. */
  readonly workspaces: readonly WorkspaceOption[];
  /** `any`: whatever id is named is a workspace of this caller. */
  readonly workspaceIds: readonly string[] | 'any';
}

export function isOpenTo(caller: Caller, workspaceId: string): boolean {
  return caller.workspaceIds === 'any' || caller.workspaceIds.includes(workspaceId);
}

export interface Access {
  readonly workspaceIds: readonly string[];
  /** The caller behind an Authorization header; 401 `unauthorized` without one, 401 `invalid_api_key` for any other. */
  authenticate(authorization: string | undefined): Caller;
  /** Rotation is a cut-over: from now on only these keys are accepted (for one workspace's own keys, or the common ones). */
  replaceKeys(apiKeys: readonly string[], workspaceId: string | undefined): void;
}

/** With `any` every key is good, and opens every workspace: so any client can be pointed here. */
export function createAccess(commonKeys: 'any' | readonly string[], workspaces: readonly WorkspaceOption[]): Access {
  const ownKeys = new Map(workspaces.map((one) => [one.workspace_id, one.apiKeys]));
  let common: 'any' | readonly string[] = commonKeys;
  let callers = index();

  function index(): Map<string, Caller> {
    const byKey = new Map<string, Caller>();
    for (const workspace of workspaces) {
      for (const key of ownKeys.get(workspace.workspace_id) ?? (common === 'any' ? [] : common)) {
        byKey.set(key, callerWith(key, [...(byKey.get(key)?.workspaces ?? []), workspace]));
      }
    }
    return byKey;
  }

  function openCaller(key: string): Caller | undefined {
    return common === 'any' ? { ...callerWith(key, workspaces), workspaceIds: 'any' } : undefined;
  }

  return {
    workspaceIds: workspaces.map((one) => one.workspace_id),
    authenticate(authorization) {
      if (authorization === undefined) throw new ApiFailure(401, 'unauthorized', 'Authorization header missing.');
      const key = /^Bearer (\S+)$/i.exec(authorization)?.[1];
      const caller = key === undefined ? undefined : (callers.get(key) ?? openCaller(key));
      if (caller === undefined) throw new ApiFailure(401, 'invalid_api_key', 'The API key is not valid.');
      return caller;
    },
    replaceKeys(apiKeys, workspaceId) {
      if (workspaceId === undefined) common = apiKeys;
      else ownKeys.set(workspaceId, apiKeys);
      callers = index();
    },
  };
}

function callerWith(key: string, workspaces: readonly WorkspaceOption[]): Caller {
  return {
    keyHash: createHash('sha256').update(key).digest('hex').slice(0, 32),
    workspaces,
    workspaceIds: workspaces.map((one) => one.workspace_id),
  };
}
