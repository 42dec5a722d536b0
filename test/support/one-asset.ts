import type { TestContext } from 'node:test';
import { json, scriptedServer } from './scripted-server.ts';
import { WORKSPACE } from './world.ts';

/** A FLORA of one asset, whose bytes go to another host, and which is ready once it is complete: its origin. */
export async function floraWithUploadsTo(t: TestContext, uploadOrigin: string): Promise<string> {
  const asset = { asset_id: 'ast_1', status: 'pending_upload', workspace_id: WORKSPACE, url: null };
  const { origin } = await scriptedServer(t, ({ method, url }, response) => {
    const path = new URL(url, 'http://flora.invalid').pathname;
    if (path.endsWith('/workspaces')) return json(response, 200, { workspaces: [{ workspace_id: WORKSPACE }] });
    if (method === 'GET' && path.endsWith('/assets')) {
      return json(response, 200, { assets: [], meta: { next_cursor: null } });
    }
    if (path.endsWith('/complete')) asset.status = 'ready';
    if (method === 'GET' || path.endsWith('/complete')) return json(response, 200, asset);
    return json(response, 201, { ...asset, upload_url: `${uploadOrigin}/put?signature=c0ffee00c0ffee00` });
  });
  return origin;
}
