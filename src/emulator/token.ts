// Names nobody can guess.
import { randomBytes } from 'node:crypto';

export function newAssetId(): string {
  return `asset_${randomBytes(12).toString('hex')}`;
}

export function newRequestId(): string {
  return `req_${randomBytes(12).toString('hex')}`;
}

/** The secret in a signed upload URL. */
export function newToken(): string {
  return randomBytes(24).toString('base64url');
}
