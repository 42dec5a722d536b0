import { refused, type Said } from '../simulation/flora.ts';
import type { Guard } from '../simulation/invariants.ts';
import type { Look } from '../simulation/missing.ts';
import type { World } from '../simulation/world.ts';
import { documented, refusalOf, workspaces } from './documents.ts';
import type { Request, Response } from './exchange.ts';
import type { Mutation, Sent } from './mutations.ts';
import type { Call, Scene } from './scenes.ts';
import { receive } from './storage.ts';

export const apiOrigin = 'https://app.flora.ai';
const prefix = '/api/v1';

interface Routed {
  readonly call: Call;
  /** Of the asset in the path. */
  readonly id: string;
  readonly query: URLSearchParams;
}

/** What was seen of one case's traffic, over all lives. */
export interface Traffic {
  /** Requests to API, storage and asset host. */
  requests: number;
  /** Answers to reservations that never arrived. */
  lost: number;
  /** Bytes were sent, to whatever target. */
  hasUploads: boolean;
  /** Ids of assets whose target accepted bytes. */
  readonly accepted: Set<string>;
}

/** FLORA, its storage and the host of its assets, with the answers of one call other than documented. */
export function createFlora(
  world: World,
  scene: Scene,
  mutation: Mutation,
  traffic: Traffic,
  watches: Pick<Guard, 'missing' | 'givenUp'>,
) {
  const { flora } = world;
  const lostNames = new Set<string>();

  const arriveAtApi = (request: Request, guard: Guard | null): Response | null => {
    const routed = route(request);
    if (routed === null) return answer(world, { status: 404, json: refusalOf('not_found') }, false);
    const { call } = routed;
    const isMutated = call === scene.call;
    if (isMutated && mutation.isPortal === true) return sent(world, 200, mutation.apply(null));
    const { said, isReplayed } = effectOf(routed, request, guard);
    const isRefused = scene.refusal !== undefined || scene.areFirstAnswersLost === true;
    if (isLost(call, request)) return null;
    if (!isMutated || said.status >= 300 !== isRefused) return answer(world, said, isReplayed);
    if (call === 'create' && mutation.isLoss === true) traffic.lost += 1;
    return sent(world, said.status, mutation.apply(said.json), isReplayed);
  };

  /** The first reservation of each name, where that is the scene. */
  const isLost = (call: Call, { body }: Request): boolean => {
    if (call !== 'create' || scene.areFirstAnswersLost !== true) return false;
    const name = nameIn(body);
    if (lostNames.has(name)) return false;
    lostNames.add(name);
    traffic.lost += 1;
    return true;
  };

  const effectOf = (routed: Routed, request: Request, guard: Guard | null): { said: Said; isReplayed: boolean } => {
    const { call } = routed;
    if (scene.refusal !== undefined && call === scene.call) {
      return { said: { status: scene.refusal.status, json: refusalOf(scene.refusal.code) }, isReplayed: false };
    }
    const key = request.headers['idempotency-key'];
    const past = key === undefined ? null : flora.remembered(key);
    if (past !== null) return { said: worded(past.answer), isReplayed: past.isReplayed };
    const said = worded(documented(world, call, perform(routed, request, guard)));
    if (key !== undefined) flora.remember(key, said);
    return { said, isReplayed: false };
  };

  const perform = ({ call, id, query }: Routed, { body, headers }: Request, guard: Guard | null): Said => {
    switch (call) {
      case 'create':
        guard?.reserving(headers['idempotency-key'] ?? '');
        return flora.reserve({ workspaceId: 'ws_1', folder: null, projectId: null }, nameIn(body));
      case 'complete':
        guard?.completing(id);
        return flora.complete(id);
      case 'retry':
        return flora.retry(id);
      case 'get':
        return flora.get(id);
      case 'list': {
        const wanted = { workspaceId: 'ws_1', projectId: null, limit: Number(query.get('limit') ?? 20) };
        return isCursor(query.get('cursor'))
          ? flora.list(wanted, query.get('cursor'))
          : refused(400, 'input_validation_error');
      }
      case 'workspaces':
        return { status: 200, json: workspaces };
      default:
        return call satisfies never;
    }
  };

  /** All that leaves this machine comes by here. `guard` is null where it has nothing to hold the engine to. */
  return (request: Request, guard: Guard | null): Response | null => {
    traffic.requests += 1;
    if (request.origin === apiOrigin) {
      const response = arriveAtApi(request, guard);
      const look = response === null ? null : lookOf(world, request, response);
      if (look !== null) watches.missing.looked(look);
      return response;
    }
    const url = `${request.origin}${request.path}`;
    if (request.origin === 'https://cdn.example') {
      const bytes = flora.fetch(url);
      return { status: bytes === null ? 404 : 200, headers: {}, body: bytes ?? '' };
    }
    traffic.hasUploads = true;
    guard?.sending(url);
    const { response, bytes } = receive(world, request);
    if (response.status >= 300) watches.givenUp.refused(url);
    const asset = flora.assetOf(url);
    if (asset === undefined || bytes === null) return response;
    guard?.arrived(url, bytes, response.status);
    guard?.confirmed(url);
    traffic.accepted.add(asset.id);
    return response;
  };
}

/** For the watch over what is called missing: what one answer about one asset says. */
function lookOf({ timeline }: World, request: Request, { status }: Response): Look | null {
  const assetId = route(request)?.id ?? '';
  if (assetId === '') return null;
  return { assetId, isShown: status !== 404, nowMs: timeline.nowMs, wallMs: timeline.wallMs() };
}

function route({ method, path }: Request): Routed | null {
  const [place = '', search = ''] = path.split('?');
  const query = new URLSearchParams(search);
  const [, first, encoded, step, ...more] = place.slice(prefix.length).split('/');
  const id = decodeURIComponent(encoded ?? '');
  const known: Readonly<Record<string, Call>> = {
    'POST assets': 'create',
    'GET assets': 'list',
    'GET workspaces': 'workspaces',
    'GET assets id': 'get',
    'POST assets id complete': 'complete',
    'POST assets id retry': 'retry',
  };
  const shape = [
    method,
    first,
    ...(encoded === undefined ? [] : ['id']),
    ...(step === undefined ? [] : [step]),
    ...more,
  ];
  const call = known[shape.join(' ')];
  return call === undefined ? null : { call, id, query };
}

function nameIn(body: string): string {
  return String((JSON.parse(body) as { file_name: unknown }).file_name);
}

function isCursor(cursor: string | null): boolean {
  return cursor === null || /^\{"offset":\d+\}$/.test(cursor);
}

/** A refusal of the model's with all that a refusal may say. */
function worded({ status, json }: Said): Said {
  if (status < 300) return { status, json };
  return { status, json: refusalOf((json as { error: { code: string } }).error.code) };
}

function answer(world: World, { status, json }: Said, isReplayed: boolean): Response | null {
  return sent(world, status, { json }, isReplayed);
}

function sent(world: World, honestStatus: number, what: Sent, isReplayed = false): Response | null {
  if (what === 'lost') return null;
  const date = new Date(world.timeline.trueMs()).toUTCString();
  if ('text' in what) {
    const { text, status = honestStatus, type = 'application/json', isUnsigned = false } = what;
    const signed = isUnsigned ? {} : { 'request-id': idOf(world) };
    return { status, headers: { 'content-type': type, date, ...signed }, body: text };
  }
  const headers = { 'content-type': 'application/json', date, 'request-id': idOf(world) };
  const replayed = isReplayed ? { 'idempotent-replayed': 'true' } : {};
  return { status: honestStatus, headers: { ...headers, ...replayed }, body: JSON.stringify(what.json) };
}

function idOf({ timeline }: World): string {
  return `req_${timeline.steps}`;
}
